"""The page docs/litestream.md: what it shows is what we ship, and its recipes are run as they are printed there."""

import json
import re
import shutil
import subprocess

import pytest

from tests.integration.litestream.conftest import SECRET, VALUE
from tests.integration.packaging.programs import PACKAGING, ROOT, program
from tests.integration.packaging.units import SYSTEMD, directives
from tests.support.backed_up import sql
from tests.support.litestream import Litestream
from tests.support.served import STRONGROOM, a_served_home

PAGE = (ROOT / "docs" / "litestream.md").read_text(encoding="utf-8")
REPLICATE, RESTORE, CHECK = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
CONFIGURATION = "/etc/strongroom/litestream.yml"
FILES = PACKAGING / "litestream"
UNIT = "strongroom-litestream.service"
WARNED = 10
NEEDED = {"IPAddressDeny", "PrivateNetwork", "RestrictAddressFamilies_AF_INET_INET6", "RestrictAddressFamilies_AF_UNIX"}
NEEDED |= {"RootDirectoryOrRootImage", "DeviceAllow"}
"""It talks to a bucket, to the log of systemd, and runs from the file system of the machine."""


def environ(served, litestream):
    """What the units have in their environment; both programs are on the path."""
    path = f"{STRONGROOM.parent}:{litestream.environ['PATH']}"
    return {**litestream.environ, **served.environ, "PATH": path}


def cooked(recipe, environ):
    """Start a recipe with the umask that the page asks for; the configuration is where it lies, and not in /etc."""
    script = recipe.replace(CONFIGURATION, str(FILES / "litestream.yml"))
    script = f"exec {script}" if recipe is REPLICATE else script  # a signal is for the program, and not for the shell
    return subprocess.Popen(
        ["sh", "-c", script], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, umask=0o077
    )


def end_of(process, codes=(0,)):
    """Wait for a recipe to come to its end; returns what it said."""
    said, _ = process.communicate(timeout=60)
    assert process.returncode in codes, said
    return said


def test_every_recipe_that_is_printed_is_run_here():
    assert len(re.findall(r"```(?!console)\w+\n", PAGE)) == 4


def test_the_configuration_that_is_printed_is_the_one_that_we_ship():
    (printed,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert printed == (FILES / "litestream.yml").read_text()


def test_the_files_that_are_installed_are_there_and_go_where_they_are_named():
    for name in ("litestream.yml", "replica.conf", UNIT):
        assert (FILES / name).is_file()
        assert f"packaging/litestream/{name}" in PAGE


def test_a_service_is_replicated_lost_and_restored_by_the_recipes(tmp_path):
    litestream = Litestream(tmp_path / "state", tmp_path / "replica", tmp_path / "litestream.log")
    with a_served_home(tmp_path, wal_checkpoint=0) as served:
        given = environ(served, litestream)
        replicating = cooked(REPLICATE, given)
        try:
            litestream.wait_until_it_follows()
            served.call("secrets", "set", SECRET, stdin=VALUE)
            there = f"SELECT count(*) FROM secret WHERE name = '{SECRET}'"
            litestream.wait_until_restored(tmp_path / "look", lambda database: sql(database, there) == [(1,)])
            served.kill()
        finally:
            replicating.terminate()
            end_of(replicating)
        litestream.database.write_bytes(b"\0" * 4_096)  # and its log is left beside it

        end_of(cooked(RESTORE, given))
        assert "FAIL" not in end_of(cooked(CHECK, given), codes=(0, WARNED))

        assert served.call("secrets", "get", SECRET) == VALUE
        before = {path.name for path in (litestream.state_dir / "before").iterdir()}
        assert before == {"agents.db", "agents.db-wal", "agents.db-shm", ".agents.db-litestream"}
        assert not (litestream.state_dir / "restored").exists()
        served.start()


@pytest.fixture
def unit(tmp_path):
    """Return a copy of the unit with its drop-in, beside that of the service; what they start is there."""
    for path in (FILES / UNIT, SYSTEMD / "strongroom.service"):
        text = path.read_text().replace("/usr/bin/litestream", shutil.which("true"))
        (tmp_path / path.name).write_text(text.replace("/opt/strongroom/bin/strongroom", shutil.which("true")))
    drop_ins = tmp_path / f"{UNIT}.d"
    drop_ins.mkdir()
    shutil.copy(FILES / "replica.conf", drop_ins)
    return tmp_path / UNIT


def analyze(*args):
    command = [program("systemd-analyze", "systemd"), *args]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_systemd_has_nothing_to_say_about_the_unit(unit):
    assert analyze("verify", "--man=no", unit) == ""


def test_the_unit_is_exposed_to_as_little_as_can_be(unit):
    checks = json.loads(analyze("security", "--offline=true", "--json=short", unit))

    assert {each["json_field"] for each in checks if each["set"] is False} <= NEEDED


def test_the_unit_is_of_the_user_of_the_service_and_starts_before_it():
    ours, service = directives(FILES / UNIT), directives(SYSTEMD / "strongroom.service")

    assert (ours["User"], ours["Group"], ours["UMask"]) == (service["User"], service["Group"], ["0077"])
    assert ours["Before"] == ["strongroom.service"]
    assert ours["StateDirectory"][0] in service["StateDirectory"][0].split()
    assert ours["EnvironmentFile"] == service["EnvironmentFile"]
    assert not any("master-key" in value for values in ours.values() for value in values)
