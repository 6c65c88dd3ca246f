"""One of five hundred secrets is damaged: the others go on, its cause is told, and there are five ways on."""

import sqlite3

import pytest

from adapters.memory import ManualClock, MemoryAuditLog, MemoryBackupStore, MemoryCipher
from adapters.sql import SqlSecretHistory, SqlSecretStore, diagnosis
from app.usecases.find_damage import FindDamage
from app.usecases.forget_damaged import ForgetDamaged
from app.usecases.rollback_secret import RollbackSecret
from domain.errors import Integrity, Moved, NotSealed, Tampered, UnknownKey
from tests.support.recipes import a_cipher, a_database

SECRETS = 500
NAMES = [f"agent_token:agent-{number:03d}" for number in range(SECRETS)]
BAD = NAMES[217]
HIDDEN = "tok-hidden-Xv93"
NO_KEY = b"SR\x01" + bytes(16)


class Vault:
    """Five hundred secrets with two versions each, as every use case sees them."""

    def __init__(self, database):
        cipher, clock = a_cipher(database), ManualClock()
        self.path = database.path
        self.secrets = SqlSecretStore(database, cipher, clock)
        self.history = SqlSecretHistory(database, cipher, clock)
        self.backups = MemoryBackupStore(clock)
        self.find = FindDamage(history=self.history)
        self.forget = ForgetDamaged(find=self.find, secrets=self.secrets, history=self.history, backups=self.backups)
        audit = MemoryAuditLog(MemoryCipher(), clock)
        self.roll_back = RollbackSecret(
            secrets=self.secrets, history=self.history, audit=audit, clock=clock, refresh=lambda _name: None
        )
        with database.transaction():
            for name in NAMES:
                self.secrets.set(name, f"{HIDDEN}-old")
                self.secrets.set(name, HIDDEN)

    def blob(self, name, version=2):
        return self._sql(f"SELECT sealed FROM secret_version WHERE version = ? AND {_OF}", version, name)[0][0]

    def put(self, blob, name=BAD):
        self._sql(f"UPDATE secret_version SET sealed = ? WHERE version = 2 AND {_OF}", blob, name)

    def _sql(self, statement, *parameters):
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()


_OF = "secret_id = (SELECT id FROM secret WHERE name = ?)"


@pytest.fixture
def vault(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield Vault(database)


DAMAGE = {
    "plaintext": (lambda vault: HIDDEN.encode(), NotSealed),
    "a key that is not there": (lambda vault: NO_KEY + vault.blob(BAD)[19:], UnknownKey),
    "another row's value": (lambda vault: vault.blob(NAMES[3]), Moved),
    "its own older version": (lambda vault: vault.blob(BAD, version=1), Moved),
    "a flipped bit": (lambda vault: vault.blob(BAD)[:-1] + bytes([vault.blob(BAD)[-1] ^ 1]), Tampered),
    "a cut value": (lambda vault: vault.blob(BAD)[:-1], Tampered),
}


@pytest.fixture(params=DAMAGE)
def kind(request, vault):
    """The kind of damage that was done to one secret."""
    make, kind = DAMAGE[request.param]
    vault.put(make(vault))
    return kind


def test_each_kind_of_damage_is_called_by_its_name_with_a_next_step(vault, kind):
    with pytest.raises(Integrity) as caught:
        vault.secrets.get(BAD)

    assert type(caught.value) is kind
    assert BAD in caught.value.message
    assert caught.value.advice
    assert HIDDEN not in repr(caught.value)


def test_the_advice_differs_from_kind_to_kind(vault):
    advice = {}
    whole = vault.blob(BAD)
    for make, kind in DAMAGE.values():
        vault.put(make(vault))
        with pytest.raises(Integrity) as caught:
            vault.secrets.get(BAD)
        advice[kind] = caught.value.advice
        vault.put(whole)

    assert len(set(advice.values())) == 4


def test_the_others_are_read_and_the_list_flags_the_one(vault, kind):
    read = [vault.secrets.get(name) for name in NAMES if name != BAD]

    assert {secret.value.reveal() for secret in read} == {HIDDEN}
    assert len(vault.secrets.list()) == SECRETS
    assert [(d.name, d.version, d.cause) for d in vault.find.current()] == [(BAD, 2, kind.cause)]
    assert HIDDEN not in repr(vault.find.current())


@pytest.mark.usefixtures("kind")
def test_it_can_be_overwritten(vault):
    vault.secrets.set(BAD, "tok-new", expected_version=2)

    assert vault.secrets.get(BAD).value.reveal() == "tok-new"
    assert vault.find.current() == []


@pytest.mark.usefixtures("kind")
def test_it_can_be_rolled_back(vault):
    vault.roll_back(BAD, 1)

    assert vault.secrets.get(BAD).value.reveal() == f"{HIDDEN}-old"


@pytest.mark.usefixtures("kind")
def test_it_cannot_be_rolled_back_to(vault):
    vault.secrets.set(BAD, "tok-new")

    with pytest.raises(Integrity):
        vault.roll_back(BAD, 2)

    assert vault.secrets.get(BAD).value.reveal() == "tok-new"


@pytest.mark.usefixtures("kind")
def test_it_can_be_deleted_and_its_version_destroyed(vault):
    vault.secrets.delete(BAD, expected_version=2)
    vault.history.destroy(BAD, 2)

    assert vault.find.everywhere() == []
    assert vault.history.get_version(BAD, 1).value.reveal() == f"{HIDDEN}-old"


@pytest.mark.usefixtures("kind")
def test_it_can_be_forgotten_behind_a_backup_and_its_older_version_stays(vault):
    forgotten = vault.forget()

    assert [(d.name, d.version) for d in forgotten.versions] == [(BAD, 2)]
    assert [backup.file for backup in vault.backups.list()] == [forgotten.backup]
    assert len(vault.secrets.list()) == SECRETS - 1
    assert vault.find.everywhere() == []
    assert vault.roll_back(BAD, 1) == 3


def test_a_value_that_is_overwritten_while_it_is_to_be_forgotten_stays(vault):
    vault.put(b"plaintext")
    create = vault.backups.create

    def create_and_be_overtaken(**wishes):
        vault.secrets.set(BAD, "tok-new")
        return create(**wishes)

    vault.backups.create = create_and_be_overtaken

    vault.forget()

    assert vault.secrets.get(BAD).value.reveal() == "tok-new"
    assert vault.history.versions(BAD)[1].destroyed_at is not None


def test_many_damaged_values_are_forgotten_with_one_erasure(vault, mocker):
    erased = mocker.patch("adapters.sql.secret_history.erase_traces")
    for name in NAMES[:50]:
        vault.put(b"plaintext", name)

    forgotten = vault.forget()

    assert [(d.name, d.version) for d in forgotten.versions] == [(name, 2) for name in NAMES[:50]]
    assert erased.call_count == 1
    assert vault.find.everywhere() == []


def test_the_places_are_walked_once_however_many_values_are_damaged(vault, mocker):
    walked = mocker.spy(diagnosis, "every_place")
    for name in NAMES[:50]:
        vault.put(vault.blob(name)[:-1], name)

    found = vault.find.current()

    assert {damage.cause for damage in found} == {"tampered"}
    assert len(found) == 50
    assert walked.call_count == 1


def test_behind_the_first_hundred_the_exact_cause_is_not_sought(vault, monkeypatch):
    monkeypatch.setattr(diagnosis, "_DIAGNOSED", 2)
    for name in NAMES[:5]:
        vault.put(vault.blob(name)[:-1], name)

    found = vault.find.everywhere()

    assert [damage.cause for damage in found].count("tampered") == 2
    assert [damage.cause for damage in found].count("damaged") == 3
    assert all(damage.advice for damage in found)


def test_among_very_many_values_the_cause_is_sought_as_long_as_it_is_worth(vault, monkeypatch):
    monkeypatch.setattr(diagnosis, "_TRIES", 3 * 2 * SECRETS)
    for name in NAMES[:5]:
        vault.put(vault.blob(name)[:-1], name)

    assert [damage.cause for damage in vault.find.current()].count("tampered") == 3
