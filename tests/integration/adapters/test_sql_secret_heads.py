"""The row of a secret says at which version it is: whoever changes that is found out, and hands out nothing old."""

import pytest

from adapters.memory import MemoryAuditLog, MemoryBackupStore, MemoryCipher
from adapters.sql import SqlSealedRows
from app.usecases.find_damage import FindDamage
from app.usecases.forget_damaged import ForgetDamaged
from app.usecases.rollback_secret import RollbackSecret
from app.usecases.verify_keys import fault_of, opened
from domain.errors import Integrity, Tampered, VersionConflict
from tests.support.recipes import a_database
from tests.support.sealed import Sealed

NAME = "agent_token:reviewer"
NEWEST = "tok-3"


@pytest.fixture
def vault(tmp_path):
    """A secret with versions 1 to 3, and a neighbour that is always well."""
    with a_database(tmp_path / "agents.db") as database:
        vault = Sealed(database)
        for value in ("revoked", "tok-2", NEWEST):
            vault.secrets.set(NAME, value)
        vault.secrets.set("webhook", "fine")
        yield vault


OF_IT = f"secret_id = (SELECT id FROM secret WHERE name = '{NAME}')"
CHANGES = {
    "put back": (
        f"UPDATE secret SET version = 1 WHERE name = '{NAME}'",
        "said to be at version 1, and its newest is 3",
    ),
    "put on": (f"UPDATE secret SET version = 9 WHERE name = '{NAME}'", "said to be at version 9, which is missing"),
    "put to nothing": (f"UPDATE secret SET version = -1 WHERE name = '{NAME}'", "its newest is 3"),
    "its version taken": (
        f"DELETE FROM secret_version WHERE version = 3 AND {OF_IT}",
        "the newest that is stored is 2",
    ),
    "all versions taken": (f"DELETE FROM secret_version WHERE {OF_IT}", "no other is stored"),
    "its value taken": (
        f"UPDATE secret_version SET sealed = NULL, key_id = NULL, destroyed_at = 1 WHERE version = 3 AND {OF_IT}",
        "version 3 was destroyed",
    ),
}


@pytest.fixture(params=CHANGES)
def said(request, vault):
    """What is to be said of one change."""
    change, said = CHANGES[request.param]
    vault.sql(change)
    return said


def find(vault):
    return FindDamage(history=vault.history)


def forget(vault):
    return ForgetDamaged(
        find=find(vault), secrets=vault.secrets, history=vault.history, backups=MemoryBackupStore(vault.clock)
    )


def test_a_secret_that_is_not_where_its_row_says_is_not_given(vault, said):
    with pytest.raises(Tampered) as caught:
        vault.secrets.get(NAME)

    assert NAME in caught.value.message
    assert said in caught.value.message
    assert caught.value.advice
    assert vault.secrets.get("webhook").value.reveal() == "fine"


def test_it_is_found_by_whoever_looks_through_all(vault, said):
    (of_list,), (of_all,) = find(vault).current(), find(vault).everywhere()
    (damage,) = SqlSealedRows(vault.database, vault.cipher).verify()

    assert of_list == of_all
    assert (of_list.name, of_list.cause, of_list.in_row, of_list.current) == (NAME, "tampered", True, True)
    assert (damage.table, damage.subject, damage.code, damage.key_id) == (
        "secret",
        f"the secret {NAME}",
        "tampered",
        None,
    )
    assert said in damage.message
    assert damage.message == of_list.message


@pytest.mark.usefixtures("said")
def test_it_is_still_listed_and_overwritten_at_the_version_that_is_listed(vault):
    version = vault.secrets.info(NAME).version

    new = vault.secrets.set(NAME, "tok-new", expected_version=version)

    assert new == version + 1
    assert vault.secrets.get(NAME).value.reveal() == "tok-new"
    assert find(vault).everywhere() == vault.rows.verify() == []


def test_what_was_put_back_is_listed_at_its_newest_version_and_compared_with_it(vault):
    vault.sql("UPDATE secret SET version = 1")

    listed = {info.name: info.version for info in vault.secrets.list()}

    assert listed == {NAME: 3, "webhook": 1}
    assert [v.current for v in vault.history.versions(NAME)] == [True, False, False]
    with pytest.raises(VersionConflict):
        vault.secrets.set(NAME, "tok-lost", expected_version=1)


@pytest.mark.usefixtures("said")
def test_it_is_forgotten_with_the_damaged_and_its_good_versions_stay(vault):
    whole = [v.version for v in vault.history.versions(NAME) if v.destroyed_at is None]

    forgotten = forget(vault)()

    assert [damage.name for damage in forgotten.versions] == [NAME]
    assert vault.secrets.get(NAME) is None
    assert [v.version for v in vault.history.versions(NAME) if v.destroyed_at is None] == whole
    assert find(vault).everywhere() == vault.rows.verify() == []


def test_it_can_be_rolled_back(vault):
    vault.sql("UPDATE secret SET version = 1")
    audit = MemoryAuditLog(MemoryCipher(), vault.clock)
    audit.begin()
    roll_back = RollbackSecret(
        secrets=vault.secrets, history=vault.history, audit=audit, clock=vault.clock, refresh=lambda _name: None
    )

    assert roll_back(NAME, 2) == 4
    assert vault.secrets.get(NAME).value.reveal() == "tok-2"


@pytest.mark.parametrize("version", [1, 9])
def test_a_deleted_secret_whose_row_was_changed_does_not_come_back_as_something_old(vault, version):
    vault.secrets.delete(NAME)
    vault.sql("UPDATE secret SET version = ? WHERE name = ?", version, NAME)

    with pytest.raises(Tampered, match=f"version {version}"):
        vault.history.undelete(NAME)

    assert vault.secrets.get(NAME) is None
    assert [v.version for v in vault.history.deleted()] == [3]
    assert vault.secrets.set(NAME, "tok-new") == 4


def test_the_value_is_read_in_one_statement(vault, mocker):
    asked = mocker.spy(vault.database, "one")

    vault.secrets.get(NAME)

    assert asked.call_count == 1


def test_a_version_number_from_nowhere_costs_no_good_version(vault):
    vault.sql(f"UPDATE secret_version SET version = 50 WHERE version = 3 AND {OF_IT}")

    assert vault.secrets.set(NAME, "tok-new") == 51
    assert [version.version for version in vault.history.versions(NAME)] == [51, 50, 2, 1]
    assert vault.history.get_version(NAME, 2).value.reveal() == "tok-2"


def test_a_version_number_that_cannot_grow_is_told_as_damage(vault):
    vault.sql(f"UPDATE secret_version SET version = ? WHERE version = 3 AND {OF_IT}", 2**63 - 1)

    with pytest.raises(Integrity, match="a number grew"):
        vault.secrets.set(NAME, "tok-new")


def test_a_row_that_was_changed_is_damage_and_its_values_open(vault):
    vault.sql("UPDATE secret SET version = 1")

    damage = tuple(vault.rows.verify())

    assert opened(damage, 4) == 4
    assert fault_of(damage, 4).message.startswith("1 row was changed: the row of the secret ")
