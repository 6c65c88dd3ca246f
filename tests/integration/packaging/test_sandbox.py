"""The service works inside of what its unit allows: system calls, no executable memory, and the /proc that it sees."""

import base64
import ctypes
import os
import re
import subprocess
import sys

import pytest

from tests.integration.cli.homes import CODER_TOKEN, REVIEWER_TOKEN, Home
from tests.integration.packaging.programs import program, skip_unless_mounting_is_allowed
from tests.integration.packaging.served import ask, serve_and
from tests.integration.packaging.units import allowed_calls, directives

SERVICE = directives("strongroom.service")
AS_ROOT_ONLY = {"fchown"}
"""SQLite gives its files to the owner of the database, if it is root."""

CALL = re.compile(r"^\d+ +(?:<\.\.\. )?([a-z0-9_]+)(?:\(| resumed)", re.MULTILINE)

PR_SET_DUMPABLE = 4
PR_SET_MDWE, PR_GET_MDWE, REFUSE_EXEC_GAIN = 65, 66, 1
WITHOUT_NEW_CODE = (
    "import ctypes, os, sys\n"
    f"assert ctypes.CDLL(None).prctl({PR_SET_MDWE}, {REFUSE_EXEC_GAIN}, 0, 0, 0) == 0\n"
    "os.execv(sys.executable, [sys.executable, '-c', sys.argv[1], *sys.argv[2:]])\n"
)
AS_COMMAND = (
    "import ctypes, mmap\n"
    f"assert ctypes.CDLL(None).prctl({PR_GET_MDWE}, 0, 0, 0, 0) == {REFUSE_EXEC_GAIN}\n"
    "try:\n"
    "    mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
    "except PermissionError:\n"
    "    pass\n"
    "else:\n"
    "    raise SystemExit('executable memory can be written')\n"
    "from app.cli import main\n"
    "main()\n"
)
SEEN_IN_PROC = (
    "import ctypes, os\n"
    "from adapters.system.process_identity import identity, is_gone\n"
    "os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"
    f"ctypes.CDLL(None).prctl({PR_SET_DUMPABLE}, 1, 0, 0, 0)\n"  # as it is for who begins as this user
    "mine, its = os.pipe()\n"
    "child = os.fork()\n"
    "if not child:\n"
    "    os.write(its, identity().encode())\n"
    "    os._exit(0)\n"
    "os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)\n"
    "print(is_gone(os.read(mine, 1000).decode()), is_gone(identity()))\n"
)


@pytest.fixture
def home(tmp_path):
    """Return a home with old files, and the master key where systemd puts it."""
    home = Home(tmp_path)
    home.put_old_files()
    credential = tmp_path / "credentials" / SERVICE["LoadCredential"][0].partition(":")[0]
    credential.parent.mkdir()
    credential.write_bytes(base64.b64encode(os.urandom(32)))
    home.env |= {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "CREDENTIALS_DIRECTORY": str(credential.parent)}
    return home


def use(home, sock):
    """Read, write and rotate over HTTP."""
    assert ask(sock, "GET", "/readyz")[0] == 200
    assert REVIEWER_TOKEN.encode() in ask(sock, "GET", "/secrets/agent_token:reviewer/value")[1]
    assert ask(sock, "PATCH", "/agents/reviewer/token", '{"token": "newer"}')[0] == 200
    assert ask(sock, "POST", "/keys/rotate")[0] < 300


def test_the_service_makes_no_system_call_that_its_unit_forbids(home, tmp_path):
    allowed = allowed_calls(SERVICE["SystemCallFilter"])
    sock, trace = tmp_path / "s.sock", tmp_path / "trace"
    environ = home.env | {"STRONGROOM_PORT": "0", "STRONGROOM_SOCKET": str(sock)}
    strace = [program("strace", "strace"), "--follow-forks", "--quiet=all", f"--output={trace}"]

    serve_and([*strace, sys.executable, "-m", "app", "serve"], environ, lambda _: use(home, sock))

    assert not home.key_file.exists()
    called = set(CALL.findall(trace.read_text()))
    assert {"openat", "fsync", "accept4", "unlinkat"} & called
    assert called - allowed <= AS_ROOT_ONLY


def test_the_filter_is_not_empty():
    allowed = allowed_calls(SERVICE["SystemCallFilter"])

    assert {"read", "openat", "fsync", "accept4"} <= allowed
    assert not {"mount", "ptrace", "kexec_load", "reboot", "chown", "setuid", "setpriority"} & allowed


def test_values_are_sealed_and_opened_without_new_executable_memory(home):
    assert SERVICE["MemoryDenyWriteExecute"] == ["yes"]
    if ctypes.CDLL(None).prctl(PR_GET_MDWE, 0, 0, 0, 0) < 0:
        pytest.skip("this kernel cannot refuse executable memory: Linux 6.3 is needed")

    def command(*args):
        launched = [sys.executable, "-c", WITHOUT_NEW_CODE, AS_COMMAND, *args]
        return subprocess.run(launched, env=home.env, capture_output=True, text=True, check=True, timeout=60).stdout

    assert "imported" in command("migrate")
    assert command("secrets", "get", "agent_token:coder") == CODER_TOKEN
    command("keys", "rotate")
    command("keys", "verify")


@pytest.mark.parametrize(
    ("subset", "seen"),
    [
        (SERVICE["ProcSubset"][0], "True False"),
        ("pid", "False False"),  # why it is not that
    ],
    ids=["as in the unit", "processes only"],
)
def test_the_end_of_another_process_is_seen_in_the_proc_of_the_unit(subset, seen):
    options = f"hidepid={SERVICE['ProtectProc'][0]}" + (f",subset={subset}" if subset != "all" else "")
    inside = f'mount -t proc -o {options} proc /proc && exec "$@"'
    skip_unless_mounting_is_allowed()

    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-ec", inside, "sh", sys.executable, "-c", SEEN_IN_PROC],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout.strip() == seen, done.stderr
