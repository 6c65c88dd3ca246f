"""The command line. `main` is the console script `strongroom`; which commands there are is in `root`.

No module here imports at its top what `--help` can do without: a command's function imports what it needs.
"""

from typing import NoReturn

from app.cli.root import OWN_PROCESS, root


def main() -> NoReturn:
    """Run the command that `sys.argv` names, in a process that does nothing else, and exit with its code."""
    raise SystemExit(root.main(standalone_mode=False, obj=OWN_PROCESS))
