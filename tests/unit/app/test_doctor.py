"""The check-up of database and values with every port in memory: what the ports say is what is told."""

import pytest
from dependency_injector import providers

from adapters.crypto import create_data_keys
from domain.doctor import Status, worst
from domain.keys import KeyState
from tests.support.memory_service import MemoryService
from tests.support.recipes import a_master_key

HIDDEN = "tok-hidden-Lw58"


@pytest.fixture
def service():
    service = MemoryService()
    service.container.master_key.override(providers.Object(a_master_key()))
    service.data_keys.add(create_data_keys(a_master_key(), service.clock.now()))
    service.secrets.set("name:x", HIDDEN)
    for row in ("row 1", "row 2"):
        service.sealed_rows.put(row, active(service))
    return service


def active(service):
    return next(k.id for k in service.data_keys.list() if k.seals_now)


def of_database(service):
    return [c for c in service.container.examine_database()(deep=True) if c.status is not Status.OK]


def of_values(service):
    return [c for c in service.container.examine_values()() if c.status is not Status.OK]


def test_all_is_well(service):
    checks = [*service.container.examine_database()(deep=True), *service.container.examine_values()()]

    assert worst(checks) is Status.OK
    details = {check.name: check.detail for check in checks}
    assert details["encryption"] == f"encrypting: yes, key {active(service)}, 2 values, 0 plaintext"
    assert details["sealed values"] == "all 2 open"
    assert "looked for 2 values in 0 files" in details["plaintext"]


def test_what_the_engine_complains_of_is_told(service):
    service.checkup.complaints.append("page 7 is damaged")

    (check,) = of_database(service)
    assert (check.name, check.finds_damage) == ("database", True)
    assert "page 7 is damaged" in check.detail


def test_plaintext_in_the_place_of_a_sealed_value_is_told_by_both(service):
    service.sealed_rows.expose("row 2")

    assert [(c.name, c.finds_damage) for c in (*of_database(service), *of_values(service))] == [
        ("encryption", True),
        ("sealed values", True),
    ]


def test_without_an_active_data_key_the_check_up_says_so_and_goes_on(service):
    service._override(data_keys=Keyless(service.data_keys))

    checks = service.container.examine_database()(deep=True)

    assert [(c.name, c.finds_damage) for c in checks if c.status is not Status.OK] == [("encryption", True)]
    assert checks[-1].name == "clock"


class Keyless:
    """Data keys, none of them active."""

    def __init__(self, keys):
        self._keys = keys

    def list(self):
        return [key for key in self._keys.list() if key.state is not KeyState.ACTIVE]


def test_a_clock_behind_what_was_written_is_told(service):
    newer = service.clock.now() + 90_000
    service.secrets.kept["name:x"].updated_at = newer

    (check,) = of_database(service)
    assert check.name == "clock"


@pytest.mark.parametrize("hidden", [HIDDEN.encode(), HIDDEN.encode().hex().encode(), HIDDEN.encode("utf-16-le")])
def test_a_value_in_the_clear_is_told_with_its_place_and_not_shown(service, hidden):
    service.searched.files["service.log"] = b"x" * 5 + hidden

    (check,) = of_values(service)
    assert "service.log at byte 5 holds the secret name:x, version 1" in check.detail
    assert HIDDEN not in repr(check)


def test_the_master_key_in_the_clear_is_told(service):
    service.searched.files["service.log"] = a_master_key().material.reveal()

    (check,) = of_values(service)
    assert "holds the master key (raw)" in check.detail


def test_a_file_that_could_not_be_searched_is_a_warning(service):
    service.searched.unread["other.log"] = "Permission denied"

    (check,) = of_values(service)
    assert (check.status, "other.log was not searched" in check.detail) == (Status.WARN, True)
