"""The check-up of whether we can write: as a user without rights, and below a mount that is read-only."""

import json
import os
import subprocess
import sys

import pytest

from tests.integration.doctor.checks import checks_of
from tests.integration.doctor.nobody import as_nobody, give_away

ADVICE = "make the file and its directory writable for this user"
NO_WRITING = [
    ("state/agents.db", 0o400, "database"),
    ("state/agents.db-wal", 0o400, "database"),
    ("state", 0o500, "state directory"),
    ("state/backups", 0o500, "backup directory"),
]


def told(checks):
    """The checks that fail, the one of the machine's engine left out."""
    return [check for check in checks if check["status"] != "ok" and check["name"] != "engine"]


@pytest.mark.parametrize(("path", "mode", "role"), NO_WRITING)
def test_what_we_may_not_write_is_a_failure_with_the_advice_of_the_commands(home, path, mode, role):
    place = home.state.parent / path
    place.touch()
    place.chmod(mode)
    give_away(home)

    done = as_nobody(home, "doctor", "--json")

    (check,) = told(json.loads(done.stdout)["checks"])
    assert (done.returncode, check["name"], check["status"]) == (1, "permissions", "fail")
    assert f"the {role} {place} cannot be written by this user: Permission denied" in check["detail"]
    assert check["advice"] == ADVICE


def test_a_config_directory_that_is_read_only_may_be_wanted(home):
    (home.state.parent / "config").chmod(0o500)
    give_away(home)

    done = as_nobody(home, "doctor", "--json")

    (check,) = told(json.loads(done.stdout)["checks"])
    assert (done.returncode, check["name"], check["status"]) == (10, "permissions", "warn")
    assert "keys change-master" in check["advice"]
    assert as_nobody(home, "sessions", "list", "--json").returncode == 0


@pytest.mark.parametrize(("path", "mode"), [("state/agents.db", 0o400), ("state", 0o500)])
def test_the_advice_is_that_of_a_command_which_fails_for_it(home, path, mode):
    (home.state.parent / path).chmod(mode)
    give_away(home)

    done = as_nobody(home, "sessions", "list", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["advice"] == ADVICE


def test_a_user_who_may_write_is_told_that_all_is_well(home):
    give_away(home)

    assert told(json.loads(as_nobody(home, "doctor", "--json").stdout)["checks"]) == []


@pytest.mark.parametrize("path", ["state", "config", "state/backups"])
def test_a_directory_that_we_may_not_even_look_into_does_not_end_the_check_up(home, path):
    (home.state.parent / path).chmod(0)
    give_away(home)

    done = as_nobody(home, "doctor", "--deep", "--json")

    checks = json.loads(done.stdout)["checks"]
    assert done.returncode in {1, 8}
    assert {"permissions", "disk space"} <= {check["name"] for check in checks}
    assert all(check["advice"] for check in told(checks))


def test_a_mount_that_is_read_only_is_a_failure_for_root_as_well(home):
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77; shift; exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", mount, "sh", str(home.state)]
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **home.env}

    done = subprocess.run(
        [*command, sys.executable, "-m", "app", "doctor", "--json"], env=environ, capture_output=True, check=False
    )

    if done.returncode == 77 or b"unshare" in done.stderr:
        pytest.skip("mounting is not allowed here: the container needs SYS_ADMIN")
    failures = told(json.loads(done.stdout)["checks"])
    assert done.returncode == 1
    assert {check["name"] for check in failures} == {"permissions"}
    assert len(failures) == 3
    assert all("cannot be written by this user: Read-only file system" in check["detail"] for check in failures)
    assert {check["advice"] for check in failures} == {ADVICE}


def test_an_immutable_directory_is_no_matter_of_modes(home):
    done = subprocess.run(["chattr", "+i", str(home.state)], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("this file system or user makes nothing immutable")
    try:
        checks = checks_of(home, code=1)
    finally:
        subprocess.run(["chattr", "-i", str(home.state)], check=True)

    assert [check["name"] for check in checks] == ["permissions"]
