"""Authorizations under way in the database: sealed, and through a rotation of the data key."""

from dataclasses import replace

import pytest

from adapters.sql import SqlPendingAuthorizations
from domain.errors import Integrity
from tests.contracts.pending_authorizations import ANSWER, AT_TERMINAL, PENDING, STARTER, STATE, take
from tests.support.recipes import a_database
from tests.support.sealed import Sealed


@pytest.fixture
def vault(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield Sealed(database)


@pytest.fixture
def store(vault):
    return SqlPendingAuthorizations(vault.database, vault.cipher, vault.clock)


def test_neither_verifier_nor_answer_lies_in_the_database_in_the_clear(vault, store, tmp_path):
    store.add(AT_TERMINAL)
    store.hand_over(STATE, ANSWER)

    written = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())

    assert STATE.encode() in written
    assert b"hidden" not in written
    assert vault.rows.verify() == []


def test_every_value_that_was_sealed_was_counted(vault, store):
    store.add(AT_TERMINAL)
    store.hand_over(STATE, ANSWER)
    store.hand_over(STATE, ANSWER)

    assert vault.uses(vault.active) == 1 + 2
    assert vault.rows.count_by_key() == {vault.active: 2}


def test_both_are_sealed_again_in_a_rotation(vault, store):
    store.add(AT_TERMINAL)
    store.hand_over(STATE, ANSWER)
    former = vault.next_key()

    assert vault.drain(former) == 2
    assert vault.rows.count_by_key() == {vault.active: 2}
    assert store.answer_to(STATE) == ANSWER
    assert take(store) == AT_TERMINAL


def test_an_answer_that_comes_after_a_rotation_has_begun_leaves_nothing_under_the_old_key(vault, store):
    store.add(AT_TERMINAL)
    vault.next_key()

    store.hand_over(STATE, ANSWER)

    assert vault.rows.count_by_key() == {vault.active: 2}
    assert vault.rows.verify() == []
    assert store.find(STATE) == AT_TERMINAL


def test_an_authorization_that_is_begun_after_a_rotation_is_sealed_under_the_new_key(vault, store):
    vault.next_key()

    store.add(PENDING)

    assert vault.rows.count_by_key() == {vault.active: 1}


def test_a_verifier_that_was_put_in_the_row_of_another_is_refused_and_named_without_being_shown(vault, store):
    for pending in (PENDING, replace(PENDING, state_digest=STARTER)):
        store.add(pending)
    vault.sql(
        "UPDATE oauth_authorization SET sealed_verifier = "
        "(SELECT sealed_verifier FROM oauth_authorization WHERE state_digest = ?) WHERE state_digest = ?",
        STARTER,
        STATE,
    )

    with pytest.raises(Integrity, match="the verifier of an authorization at gitlab") as caught:
        store.find(STATE)

    assert "hidden" not in str(caught.value)
    assert [damage.subject for damage in vault.rows.verify()] == ["the verifier of an authorization at gitlab"]


def test_an_answer_does_not_pass_for_a_verifier(vault, store):
    store.add(AT_TERMINAL)
    store.hand_over(STATE, ANSWER)
    vault.sql("UPDATE oauth_authorization SET sealed_verifier = sealed_answer")

    with pytest.raises(Integrity):
        store.find(STATE)


def test_what_has_expired_lies_nowhere_once_the_next_was_begun(vault, store):
    store.add(AT_TERMINAL)
    vault.clock.set(AT_TERMINAL.expires_at)

    store.add(replace(PENDING, state_digest=STARTER, expires_at=AT_TERMINAL.expires_at + 1))

    assert vault.sql("SELECT state_digest FROM oauth_authorization") == [(STARTER,)]
