"""Write the completions and manual pages anew: `python packaging/generate.py`, or into the directory that is named.

A test fails where what is committed is not what this writes.
"""

import sys
from pathlib import Path

from man_pages import man_pages  # beside this file

from app.cli.completion import SHELLS, script
from app.cli.root import root
from app.settings import PREFIX, SPECS

HERE = Path(__file__).parent
COMPLETIONS = {"bash": "strongroom.bash", "zsh": "_strongroom", "fish": "strongroom.fish"}
"""Shell -> the name under which it looks for the script."""


def generated() -> dict[str, str]:
    """Return path, relative to this directory -> content."""
    scripts = {f"completions/{COMPLETIONS[shell]}": script(shell, root) for shell in SHELLS}
    pages = {f"man/{name}": page for name, page in man_pages(root, SPECS, PREFIX).items()}
    return scripts | pages


def write(directory: Path) -> None:
    """Write all of it below `directory`, and remove what is no longer made."""
    files = generated()
    for name in ("completions", "man"):
        (directory / name).mkdir(parents=True, exist_ok=True)
        for path in (directory / name).iterdir():
            if f"{name}/{path.name}" not in files:
                path.unlink()
    for name, content in files.items():
        (directory / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
