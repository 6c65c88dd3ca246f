"""The command as a user who is not root, in a process of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

NOBODY = 65_534

_PROGRAM = """
import os, sys
from click.testing import CliRunner
from app.cli.root import root

CliRunner().invoke(root, ["doctor", "--deep"])  # loads what this user may not be able to read
os.setgroups([])
os.setgid({user})
os.setuid({user})
sys.exit(root(sys.argv[1:]))
"""


def give_away(home):
    """Let everything of a home belong to nobody, who can also reach it. Skips the test if that takes rights."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user")
    top = home.state.parent
    for path in (top, *top.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    for above in top.parents:
        if Path(tempfile.gettempdir()) in above.parents and above.stat().st_uid == 0:
            above.chmod(0o755)


def as_nobody(home, *args):
    """Call the command on `home`."""
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **home.env}
    command = [sys.executable, "-c", _PROGRAM.format(user=NOBODY), *args]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
