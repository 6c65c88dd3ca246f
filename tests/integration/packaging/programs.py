"""Programs of the machine that the tests of the packaging run, and the project's directories."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGING = ROOT / "packaging"


def program(name, package):
    """Return where a program is; the test is skipped where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing: apt-get install {package}")
    return found


def our_command():
    """Return the console script of the environment that the tests run in."""
    return Path(sys.executable).with_name("strongroom")


def skip_unless_mounting_is_allowed():
    """Skip the test where no mount namespace can be made."""
    if os.geteuid():
        pytest.skip("mounting takes root")
    if subprocess.run(
        [program("unshare", "util-linux"), "--mount", "true"], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting is not allowed here: the container needs SYS_ADMIN")
