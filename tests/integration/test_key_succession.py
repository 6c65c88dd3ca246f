"""One data key takes over from another while stores are open: nothing is sealed under the old one any more."""

import pytest

from adapters.crypto import create_sealing_key
from adapters.sql import SqlSecretStore
from adapters.sql.sealing import KeySealsNoMore
from domain.errors import VersionConflict
from domain.keys import KeyPurpose, KeyState
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.races import in_threads
from tests.support.recipes import a_database, a_master_key
from tests.support.sealed import HIDDEN, Sealed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agents.db"


@pytest.fixture
def two(path):
    """Two processes, so to speak, on one database."""
    with a_database(path) as one, a_database(path) as other:
        yield Sealed(one), Sealed(other)


WRITES = {
    "a secret": lambda vault: vault.secrets.set("name:x", HIDDEN),
    "an OAuth token": lambda vault: vault.tokens.upsert(
        OAuthToken(forge_type="gitlab", access_token=SecretValue(HIDDEN))
    ),
    "an archived file": lambda vault: vault.fill(),
}


@pytest.mark.parametrize("what", WRITES)
def test_a_store_that_sealed_under_a_key_which_another_process_replaced_seals_again(two, what):
    here, elsewhere = two
    former = elsewhere.next_key()

    WRITES[what](here)

    counts = here.rows.count_by_key()
    assert counts.keys() == {elsewhere.active}
    assert (here.uses(former), here.uses(elsewhere.active)) == (0, counts[elsewhere.active])
    assert elsewhere.rows.verify() == []


def test_the_first_attempt_leaves_no_trace(two):
    here, elsewhere = two
    here.secrets.set("name:x", "first")
    elsewhere.next_key()

    assert here.secrets.set("name:x", HIDDEN, expected_version=1) == 2
    assert [version.version for version in here.history.versions("name:x")] == [2, 1]
    with pytest.raises(VersionConflict):
        here.secrets.set("name:x", HIDDEN, expected_version=1)


def test_a_write_inside_an_audited_act_seals_again_too_and_the_act_is_still_one(two):
    here, elsewhere = two
    elsewhere.next_key()

    with pytest.raises(RuntimeError):
        write_in_an_act_that_fails(here, "name:x")
    with here.audit.atomic():
        here.secrets.set("name:x", HIDDEN)

    assert here.rows.count_by_key() == {elsewhere.active: 1}
    assert here.uses(elsewhere.active) == 1


def write_in_an_act_that_fails(vault, name):
    with vault.audit.atomic():
        vault.secrets.set(name, HIDDEN)
        raise RuntimeError("the event cannot be written")


def test_a_key_that_is_replaced_again_and_again_is_told_as_busy(two, mocker):
    here, elsewhere = two
    mocker.patch.object(here.cipher, "renew")
    elsewhere.next_key()

    with pytest.raises(KeySealsNoMore):
        here.secrets.set("name:x", HIDDEN)
    assert here.secrets.get("name:x") is None


def test_when_a_key_has_sealed_as_many_values_as_it_may_the_next_one_takes_over(path):
    with a_database(path) as database:
        vault = Sealed(database, seals_per_key=100)
        first = vault.active
        for number in range(150):
            vault.secrets.set(f"name:{number}", HIDDEN)

        assert vault.rows.count_by_key() == {first: 100, vault.active: 50}
        assert (vault.uses(first), vault.uses(vault.active)) == (100, 50)
        assert len({vault.secrets.get(f"name:{number}").value.reveal() for number in range(150)}) == 1


def test_of_several_that_find_a_key_spent_at_once_one_makes_the_next(path):
    with a_database(path) as database:
        vault = Sealed(database, seals_per_key=10)

        in_threads(lambda thread: [vault.secrets.set(f"name:{thread}-{n}", HIDDEN) for n in range(5)])

        sealing = [key for key in vault.keys.list() if key.purpose is KeyPurpose.SEAL]
        assert sorted(key.uses for key in sealing) == [10, 10, 10, 10]


def test_a_key_that_was_made_in_an_act_that_failed_is_not_used(path):
    with a_database(path) as database:
        vault = Sealed(database, seals_per_key=2)
        for number in range(2):
            vault.secrets.set(f"name:{number}", HIDDEN)
        with pytest.raises(RuntimeError):
            write_in_an_act_that_fails(vault, "name:2")

        vault.secrets.set("name:2", HIDDEN)

        assert vault.rows.verify() == []
        assert sorted(vault.rows.count_by_key().values()) == [1, 2]


def test_a_reader_opens_what_it_read_before_the_key_was_retired(two):
    here, elsewhere = two
    here.secrets.set("name:x", HIDDEN)
    ((blob,),) = here.sql("SELECT sealed FROM secret_version")
    ((row_id,),) = here.sql("SELECT id FROM secret")
    former = elsewhere.next_key()
    elsewhere.drain(former)
    elsewhere.keys.retire(former)
    assert here.secrets.get("name:x").value.reveal() == HIDDEN

    from adapters.sql.secret_store import _context

    assert here.cipher.open(blob, _context("name:x", row_id, 1)) == HIDDEN.encode()


def test_a_process_that_starts_after_a_key_was_retired_does_not_know_it(path):
    with a_database(path) as database:
        vault = Sealed(database).fill()
        former = vault.next_key()
        vault.drain(former)
        vault.keys.retire(former)
    with a_database(path) as database:
        vault = Sealed(database)

        assert vault.rows.verify() == []
        assert {key.id: key.state for key in vault.keys.list()}[former] is KeyState.RETIRED


def test_a_cipher_that_is_told_of_no_successor_leaves_making_keys_to_others(path):
    from adapters.crypto import AesGcmCipher

    with a_database(path) as database:
        vault = Sealed(database)
        cipher = AesGcmCipher(a_master_key(), vault.keys, seals_per_key=1)
        secrets = SqlSecretStore(database, cipher, vault.clock)
        secrets.set("name:a", HIDDEN)

        with pytest.raises(KeySealsNoMore):
            secrets.set("name:b", HIDDEN)
        vault.keys.activate(create_sealing_key(a_master_key(), 1_795_521_600_001))
        secrets.set("name:b", HIDDEN)
        assert len(vault.rows.count_by_key()) == 2
