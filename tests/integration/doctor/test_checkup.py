"""The check-up on real homes: what it looks at, that it writes nothing, and that it goes on beside a service."""

import json

import pytest

from app.boot import open_service
from tests.integration.cli.homes import CODER_TOKEN, Home
from tests.integration.doctor.checks import checks_of
from tests.support.legacy_home import LegacyHome, listing


def test_all_is_well_and_every_check_says_what_it_saw(home):
    result = home.call("doctor", "--deep", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0, document
    assert {check["status"] for check in document["checks"]} == {"ok"}
    assert all(check["detail"] and check["advice"] is None for check in document["checks"])
    assert [check["name"] for check in document["checks"]] == [
        "master key",
        "schema",
        "permissions",
        "leftovers",
        "disk space",
        "database",
        "engine",
        "encryption",
        "data keys",
        "clock",
        "old files",
        "migrations",
        "backups",
        "connections",
        "expiry",
        "audit log",
        "jobs",
        "rehearsal",
        "token mounts",
        "sealed values",
        "plaintext",
    ]


@pytest.mark.parametrize("deep", [(), ("--deep",)])
def test_a_check_up_writes_nothing(home, deep):
    as_listed = LegacyHome(home.state.parent)
    before = listing(as_listed)

    home.call("doctor", *deep)

    assert listing(as_listed) == before


def test_a_machine_on_which_nothing_ran_is_told_to_start(tmp_path):
    checks = checks_of(Home(tmp_path), code=10)

    assert {check["name"] for check in checks} == {"master key", "schema"}
    assert not (tmp_path / "state").exists()


def test_every_fault_comes_with_advice(home):
    home.key_file.chmod(0o644)
    home.state.chmod(0o755)
    home.put("tokens/late", "tok-late")
    home.put("tokens/coder~", CODER_TOKEN)

    checks = checks_of(home, "--deep", code=1)

    assert len(checks) > 4
    assert all(check["advice"] for check in checks)


def test_a_deep_look_goes_on_beside_a_service_that_writes(home):
    container = open_service(LegacyHome(home.state.parent).settings())
    container.unaudited_secrets().set("plain", "a-value-of-some-length")

    done = home.run("doctor", "--deep", "--json")

    assert {check["status"] for check in json.loads(done.stdout)["checks"] if check["name"] != "engine"} == {"ok"}
    assert container.unaudited_secrets().set("plain", "another-value") == 2
    container.database().close()
