"""A stored value opens where it was written and nowhere else, and one that does not open is one bad value."""

import sqlite3
from dataclasses import dataclass, replace
from itertools import permutations

import pytest
from sqlalchemy import delete

from adapters.memory import ManualClock
from adapters.sql import (
    SqlDataKeyStore,
    SqlLegacyArchive,
    SqlOAuthTokenStore,
    SqlPendingAuthorizations,
    SqlSecretStore,
)
from adapters.sql.sealing import sealed_columns
from adapters.sql.tables import data_key
from domain.errors import DatabaseUnusable, Integrity, Moved, NotSealed, Tampered, UnknownKey, VersionConflict
from domain.legacy.files import Fingerprint, LegacyFile, LegacyRef, Root
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.contracts.pending_authorizations import AT_TERMINAL, STATE
from tests.support.recipes import a_cipher, a_database

NAMES = [f"agent_token:agent-{number}" for number in range(5)]
HIDDEN = "tok-hidden-Xv93"


class Vault:
    """The sealing stores on one database, and a second connection that tampers with it."""

    def __init__(self, database):
        cipher, clock = a_cipher(database), ManualClock()
        self.secrets = SqlSecretStore(database, cipher, clock)
        self.tokens = SqlOAuthTokenStore(database, cipher, clock)
        self.archive = SqlLegacyArchive(database, cipher, clock)
        self.authorizations = SqlPendingAuthorizations(database, cipher, clock)
        self.keys = SqlDataKeyStore(database)
        self.path = database.path

    def sql(self, statement, *parameters):
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    @property
    def uses(self):
        return {key.purpose.value: key.uses for key in self.keys.list()}


@pytest.fixture
def vault(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield Vault(database)


@dataclass(frozen=True)
class Place:
    """A sealed value: where it lies, and how the product reads it."""

    table: str
    column: str
    row: int
    read: object

    def get(self, vault):
        return vault.sql(f"SELECT {self.column} FROM {self.table} WHERE rowid = ?", self.row)[0][0]

    def put(self, vault, blob):
        vault.sql(f"UPDATE {self.table} SET {self.column} = ? WHERE rowid = ?", blob, self.row)


def fill(vault):
    """Store one value of every kind, all of the same text, and return their places by name."""
    for name in ("name:a", "name:b", "name:b"):
        vault.secrets.set(name, HIDDEN)
    for forge in ("gitlab", "github"):
        token = OAuthToken(forge_type=forge, access_token=SecretValue(HIDDEN), refresh_token=SecretValue(HIDDEN))
        vault.tokens.upsert(token)
    vault.archive.keep(archived(HIDDEN.encode()))
    vault.authorizations.add(replace(AT_TERMINAL, verifier=SecretValue(HIDDEN)))
    vault.authorizations.hand_over(STATE, SecretValue(HIDDEN))
    older, newer = vault.sql(
        "SELECT rowid FROM secret_version WHERE secret_id = (SELECT id FROM secret WHERE name = 'name:b')"
        " ORDER BY version"
    )
    (a,) = vault.sql("SELECT rowid FROM secret_version WHERE rowid NOT IN (?, ?)", older[0], newer[0])
    forges = dict(vault.sql("SELECT forge_type, rowid FROM operator_oauth_tokens"))
    places = {
        "a secret": Place("secret_version", "sealed", a[0], lambda: vault.secrets.get("name:a")),
        "another secret": Place("secret_version", "sealed", newer[0], lambda: vault.secrets.get("name:b")),
        "an archived file": Place("legacy_archive_chunk", "sealed", 1, lambda: vault.archive.read(REF)),
        "a verifier": Place("oauth_authorization", "sealed_verifier", 1, lambda: vault.authorizations.find(STATE)),
        "an answer": Place("oauth_authorization", "sealed_answer", 1, lambda: vault.authorizations.answer_to(STATE)),
    }
    for forge, row in forges.items():
        for field in ("access", "refresh"):
            places[f"the {forge} {field} token"] = Place(
                "operator_oauth_tokens", f"sealed_{field}_token", row, lambda forge=forge: vault.tokens.get(forge)
            )
    return places, Place("secret_version", "sealed", older[0], None)


REF = LegacyRef(Root.CONFIG, "tokens/reviewer")


def archived(content):
    stamp = Fingerprint(device=1, inode=1, size=len(content), mtime_ns=1, sha256=content[:1] * 32)
    return LegacyFile(ref=REF, content=content, mode=0o600, links=1, fingerprint=stamp)


def test_a_ciphertext_moved_to_any_other_row_version_field_or_table_is_refused(vault):
    places, older = fill(vault)
    moves = [*permutations(places.values(), 2), *((older, place) for place in places.values())]

    for source, target in moves:
        kept = target.get(vault)
        target.put(vault, source.get(vault))
        with pytest.raises(Moved, match="holds a value that was sealed for") as caught:
            target.read()
        assert HIDDEN not in repr(caught.value)
        target.put(vault, kept)
        target.read()

    assert len(moves) == 9 * 8 + 9


def test_every_sealed_column_of_the_tables_is_in_that_matrix(vault):
    places, _ = fill(vault)

    assert {(p.table, p.column) for p in places.values()} == {(t.name, c.name) for t, c in sealed_columns()}


def test_a_flipped_byte_at_any_position_is_refused(vault):
    places, _ = fill(vault)
    place = places["a secret"]
    blob = place.get(vault)
    connection = sqlite3.connect(vault.path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")

    for position in range(len(blob)):
        damaged = bytearray(blob)
        damaged[position] ^= 0xFF
        connection.execute("UPDATE secret_version SET sealed = ? WHERE rowid = ?", (bytes(damaged), place.row))
        with pytest.raises(Integrity) as caught:
            place.read()
        assert "name:a" in caught.value.message
        assert type(caught.value) is cause_of_a_flip(position)
    connection.close()


def cause_of_a_flip(position):
    """Magic and format say that it is sealed, then the key is named, and all behind that is under the tag."""
    return NotSealed if position < 3 else UnknownKey if position < 19 else Tampered


@pytest.mark.parametrize("length", [0, 1, 18, 46, 47, 60])
def test_a_value_that_was_cut_off_is_refused(vault, length):
    places, _ = fill(vault)
    places["a secret"].put(vault, places["a secret"].get(vault)[:length])

    with pytest.raises(Tampered if length > 46 else NotSealed, match="the secret name:a"):
        vault.secrets.get("name:a")


def test_an_older_version_that_was_put_back_is_told_as_such(vault):
    places, older = fill(vault)
    places["another secret"].put(vault, older.get(vault))
    vault.sql("DELETE FROM secret_version WHERE rowid = ?", older.row)

    with pytest.raises(Moved, match="the secret name:b holds a value that was sealed for its version 1"):
        vault.secrets.get("name:b")


@pytest.mark.parametrize("plaintext", [HIDDEN.encode(), b"", b"SR", b"SR\x01" + b"\x00" * 10, HIDDEN.encode() * 10])
def test_plaintext_written_past_us_is_an_error_and_never_returned(vault, plaintext):
    places, _ = fill(vault)
    places["a secret"].put(vault, plaintext)

    with pytest.raises(NotSealed, match="the secret name:a is not sealed") as caught:
        vault.secrets.get("name:a")

    assert HIDDEN not in repr(caught.value)


def test_one_damaged_value_of_many_leaves_the_others_and_the_list(vault):
    for name in NAMES:
        vault.secrets.set(name, HIDDEN)
    vault.sql("UPDATE secret_version SET sealed = zeroblob(60) WHERE rowid = 3")

    with pytest.raises(Integrity, match=NAMES[2]):
        vault.secrets.get(NAMES[2])
    others = [name for name in NAMES if name != NAMES[2]]
    assert [vault.secrets.get(name).value.reveal() for name in others] == [HIDDEN] * 4
    assert [info.name for info in vault.secrets.list()] == NAMES


@pytest.mark.parametrize("how", ["overwritten", "deleted"])
def test_a_damaged_value_can_be_overwritten_and_deleted_without_being_opened(vault, how):
    vault.secrets.set(NAMES[0], HIDDEN)
    vault.sql("UPDATE secret_version SET sealed = zeroblob(60)")

    if how == "overwritten":
        vault.secrets.set(NAMES[0], "tok-new", expected_version=1)
        assert vault.secrets.get(NAMES[0]).value.reveal() == "tok-new"
    else:
        assert vault.secrets.delete(NAMES[0])
        assert vault.secrets.get(NAMES[0]) is None


def test_a_damaged_oauth_token_leaves_the_others(vault):
    places, _ = fill(vault)
    places["the gitlab refresh token"].put(vault, b"x" * 60)

    with pytest.raises(Integrity, match="the gitlab refresh_token"):
        vault.tokens.get("gitlab")
    assert vault.tokens.get("github").access_token.reveal() == HIDDEN


def test_a_value_under_a_key_that_is_not_there_is_told_from_a_damaged_one(vault):
    vault.secrets.set(NAMES[0], HIDDEN)
    vault.sql("UPDATE secret_version SET sealed = ?", b"SR\x01" + bytes(60))

    with pytest.raises(UnknownKey, match="sealed under data key 00000000-0000-0000-0000-000000000000, which is not in"):
        vault.secrets.get(NAMES[0])


def test_a_key_that_sealed_something_cannot_be_deleted(vault):
    vault.secrets.set(NAMES[0], HIDDEN)
    database = vault.secrets._database

    with pytest.raises(DatabaseUnusable, match="FOREIGN KEY"), database.transaction() as transaction:
        transaction.run(database.prepare(delete(data_key)))

    assert vault.secrets.get(NAMES[0]).value.reveal() == HIDDEN


def test_every_stored_value_is_counted_exactly(vault):
    vault.secrets.set("name:a", HIDDEN)
    vault.secrets.set("name:a", HIDDEN)
    vault.tokens.upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue("a")))
    vault.tokens.upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue("a"), refresh_token=SecretValue("r")))
    vault.archive.keep(archived(b"one"))
    vault.archive.keep(archived(b"one"))

    assert vault.uses == {"seal": 6, "digest": 0}


def test_a_write_that_was_rolled_back_is_not_counted(vault):
    vault.secrets.set("name:a", HIDDEN)

    with pytest.raises(VersionConflict):
        vault.secrets.set("name:a", HIDDEN, expected_version=7)
    with pytest.raises(RuntimeError):
        write_and_fail(vault)

    assert vault.uses["seal"] == 1
    assert vault.secrets.get("name:a").version == 1


def write_and_fail(vault):
    ((row_id,),) = vault.sql("SELECT id FROM secret")
    with vault.secrets._database.transaction() as transaction:
        vault.secrets._write_version(transaction, "name:a", row_id, 2, b"x")
        raise RuntimeError("something fails before the commit")


def test_the_count_never_goes_back(vault):
    vault.secrets.set("name:a", HIDDEN)
    vault.secrets.delete("name:a")
    vault.archive.keep(archived(b"one"))
    vault.archive.expire(vault.archive._clock.now() + 1)

    assert vault.uses["seal"] == 2


def test_a_large_file_is_archived_in_counted_chunks_whose_order_is_bound(vault, monkeypatch):
    monkeypatch.setattr("adapters.sql.legacy_archive.CHUNK_BYTES", 10)
    vault.archive.keep(archived(b"x" * 35))

    assert vault.uses["seal"] == 4
    assert vault.archive.read(REF).content == b"x" * 35
    vault.sql("UPDATE legacy_archive_chunk SET sequence = 9 WHERE sequence = 0")
    vault.sql("UPDATE legacy_archive_chunk SET sequence = 0 WHERE sequence = 1")
    vault.sql("UPDATE legacy_archive_chunk SET sequence = 1 WHERE sequence = 9")
    with pytest.raises(Integrity):
        vault.archive.read(REF)


def test_an_archived_file_that_lost_its_last_chunk_is_refused(vault, monkeypatch):
    monkeypatch.setattr("adapters.sql.legacy_archive.CHUNK_BYTES", 10)
    vault.archive.keep(archived(b"x" * 35))
    vault.sql("DELETE FROM legacy_archive_chunk WHERE sequence = 3")

    with pytest.raises(Integrity, match="tokens/reviewer"):
        vault.archive.read(REF)
