"""The unit is accepted by systemd, shuts out what it can, and names what exists."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from app.http.ending import GRACE_S, REFRESH_GRACE_S
from app.setting_sources import load_settings
from tests.integration.packaging.programs import PACKAGING, ROOT, program
from tests.integration.packaging.units import SYSTEMD, directives

SERVICE = directives("strongroom.service")
NEEDED = {
    "DeviceAllow": "ProtectClock= itself adds the clock",
    "IPAddressDeny": "a forge may have any address",
    "PrivateNetwork": "it talks to forges",
    "PrivateUsers": "who connects to the Unix socket is asked for its user",
    "ProcSubset": "the boot id is below /proc/sys, and tells the processes of this boot",
    "RestrictAddressFamilies_AF_INET_INET6": "it talks to forges, and is talked to",
    "RestrictAddressFamilies_AF_UNIX": "its own socket, and systemd's",
    "RootDirectoryOrRootImage": "it runs from the file system of the machine",
}
"""What systemd would like to see and the service cannot do without."""


@pytest.fixture
def units(tmp_path):
    """Return copies of the units; what they start is there."""
    for path in (*SYSTEMD.glob("*.service"), *SYSTEMD.glob("*.socket")):
        unit = path.read_text().replace("/opt/strongroom/bin/strongroom", shutil.which("true"))
        (tmp_path / path.name).write_text(unit)
    return tmp_path


def analyze(*args, code=0):
    """Run systemd-analyze; returns its output."""
    done = subprocess.run(
        [program("systemd-analyze", "systemd"), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def verify(units):
    # The pages are checked elsewhere, and need not be installed here.
    return analyze("verify", "--man=no", *units.glob("*.service"), *units.glob("*.socket"))


def test_systemd_has_nothing_to_say_about_the_units(units):
    assert verify(units) == ""


def test_systemd_has_nothing_to_say_about_the_unit_of_an_operator(units):
    (units / "strongroom.service.d").mkdir()
    shutil.copy(SYSTEMD / "operator.conf", units / "strongroom.service.d")

    assert verify(units) == ""
    assert analyze("security", "--offline=true", "--threshold=20", units / "strongroom.service")


def test_a_misspelt_directive_would_be_noticed(units):
    with (units / "strongroom.service").open("a") as unit:
        unit.write("[Service]\nProtectHone=yes\n")

    assert "ProtectHone" in verify(units)


def test_the_service_is_exposed_to_as_little_as_can_be(units):
    analyze("security", "--offline=true", "--threshold=20", units / "strongroom.service")

    checks = json.loads(analyze("security", "--offline=true", "--json=short", units / "strongroom.service"))
    assert {each["json_field"] for each in checks if each["set"] is False} == NEEDED.keys()


@pytest.mark.parametrize(
    ("directive", "values"),
    [
        ("Type", ["notify"]),
        ("NotifyAccess", ["main"]),
        ("LimitCORE", ["0"]),
        ("LimitNOFILE", ["4096"]),
        ("UMask", ["0077"]),
        ("StateDirectoryMode", ["0700"]),
        ("RuntimeDirectoryMode", ["0700"]),
        ("ConfigurationDirectoryMode", ["0700"]),
        ("Restart", ["on-failure"]),
        ("WatchdogSec", ["30"]),
    ],
)
def test_what_systemd_does_not_judge_is_there(directive, values):
    assert SERVICE[directive] == values


def test_who_stops_it_waits_for_a_refresh_that_was_begun():
    assert int(SERVICE["TimeoutStopSec"][0]) > REFRESH_GRACE_S + GRACE_S


def test_the_settings_beside_the_unit_are_settings_and_name_the_directories_that_it_makes():
    lines = [line for line in (SYSTEMD / "strongroom.env").read_text().splitlines() if not line.startswith("#")]
    settings = load_settings(dict(line.split("=", 1) for line in lines))

    state = [Path("/var/lib", name) for name in SERVICE["StateDirectory"][0].split()]
    assert [settings.state_dir, settings.config_dir] == state
    assert settings.runtime_dir == Path("/run", SERVICE["RuntimeDirectory"][0])
    assert SERVICE["EnvironmentFile"] == ["%E/strongroom/strongroom.env"]
    assert SERVICE["ConfigurationDirectory"] == ["strongroom"]


def test_the_settings_of_an_operator_are_settings_and_its_directories_are_let_in():
    drop_in = directives("operator.conf")
    settings = load_settings(dict(value.replace("%t", "/run").split("=", 1) for value in drop_in["Environment"]))

    assert drop_in["BindPaths"] == [f"{settings.state_dir} {settings.config_dir}"]
    assert settings.runtime_dir == Path("/run", SERVICE["RuntimeDirectory"][0])
    assert drop_in["EnvironmentFile"] == drop_in["StateDirectory"] == [""]


def test_the_key_has_the_name_under_which_it_is_looked_for():
    name, _, _ = SERVICE["LoadCredential"][0].partition(":")

    settings = load_settings({"HOME": "/", "CREDENTIALS_DIRECTORY": "/run/credentials"})

    assert settings.credential == Path("/run/credentials", name)


def test_the_user_of_the_service_can_be_made(tmp_path):
    sysusers = program("systemd-sysusers", "systemd")
    (tmp_path / "etc").mkdir()

    subprocess.run([sysusers, f"--root={tmp_path}", SYSTEMD / "strongroom.sysusers"], check=True, timeout=60)

    (user,) = (tmp_path / "etc" / "passwd").read_text().splitlines()
    assert user.split(":")[0] == SERVICE["User"][0] == SERVICE["Group"][0]
    assert user.split(":")[5:] == ["/var/lib/claude-hooks", "/usr/sbin/nologin"]


def test_the_socket_is_for_the_user_of_the_service_alone():
    socket = directives("strongroom.socket")

    assert (socket["SocketUser"], socket["SocketMode"]) == (SERVICE["User"], ["0600"])
    assert "/claude-hooks/" not in socket["ListenStream"][1]  # it would go with the service's directory


def test_every_file_of_the_packaging_is_looked_at_by_a_test():
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    files = {path.name: path for path in PACKAGING.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    made = {"completions", "man"}  # compared with what is generated, one and all
    by_another = {"man_pages.py"}  # generate.py runs it

    looked_at = {name for name, path in files.items() if name in tests or path.parent.name in made}
    assert files.keys() - looked_at - by_another == set()
