"""`make demo`: the main job on a throw-away copy of `examples/legacy-home`, command by command."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LEGACY_HOME = Path(__file__).parent / "legacy-home"
STRONGROOM = Path(sys.executable).with_name("strongroom")


def main() -> None:
    """Copy the home, and run what a newcomer would."""
    with tempfile.TemporaryDirectory(prefix="strongroom-demo-") as directory:
        home = Path(directory) / "home"
        shutil.copytree(LEGACY_HOME, home, ignore=shutil.ignore_patterns("README.md"))
        make_private(home)
        print(f"A copy of {LEGACY_HOME.name} lies in {home}. Before:\n")
        show_files(home)
        for command in (
            ["migrate", "--dry-run"],
            ["migrate"],
            ["secrets", "list"],
            ["sessions", "list", "--limit", "3"],
            ["status"],
        ):
            run(home, *command)
        print("\nAfter, with every value in agents.db, encrypted:\n")
        show_files(home)
        print("\nThe copy is removed now. `make run` does the same with your own files, and serves them.")


def run(home: Path, *command: str) -> None:
    """Show a command and run it on the copy."""
    print(f"\n$ strongroom {' '.join(command)}", flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STRONGROOM_")}
    environment |= {"STRONGROOM_STATE_DIR": str(home / "state"), "STRONGROOM_CONFIG_DIR": str(home / "config")}
    status = subprocess.run([STRONGROOM, *command], env=environment, check=False).returncode
    if status != 0:
        sys.exit(f"strongroom {' '.join(command)} ended with {status}")


def show_files(home: Path) -> None:
    """List the files below `home`."""
    for path in sorted(p for p in home.rglob("*") if p.is_file()):
        print(f"  {path.relative_to(home)}")


def make_private(home: Path) -> None:
    """Take away what a checkout lets others read, as the old version's files were."""
    for path in [home, *home.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)


if __name__ == "__main__":
    main()
