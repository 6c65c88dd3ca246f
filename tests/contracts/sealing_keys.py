"""What every store of data keys does when one takes over from another."""

from dataclasses import replace

import pytest

from domain.errors import Conflict, DomainError, NotFound
from domain.keys import KeyPurpose, KeyState
from tests.contracts.data_key_store import a_key

SEALS, HASHES = a_key(1), a_key(2, purpose=KeyPurpose.DIGEST)
NEXT = a_key(3)
OTHER_MASTER = "fedcba9876543210"


class SealingKeysContract:
    """Subclasses override `store`, an empty one, and `seal_under`."""

    @pytest.fixture
    def store(self):
        raise NotImplementedError

    @pytest.fixture
    def seal_under(self):
        """A function that has a stored value name a key, and returns one that takes the value away again."""
        raise NotImplementedError

    @pytest.fixture
    def keys(self, store):
        store.add([SEALS, HASHES])
        return store

    def test_a_new_key_is_active_and_the_former_one_opens_only(self, keys):
        keys.activate(NEXT, instead_of=SEALS.id)

        assert keys.list() == [replace(SEALS, state=KeyState.DECRYPT_ONLY), HASHES, NEXT]

    def test_a_new_key_may_be_activated_whichever_was_active(self, keys):
        keys.activate(NEXT)
        keys.activate(a_key(4))

        states = [key.state for key in keys.list() if key.purpose is KeyPurpose.SEAL]
        assert states == [KeyState.DECRYPT_ONLY, KeyState.DECRYPT_ONLY, KeyState.ACTIVE]

    def test_of_two_that_replace_the_same_key_one_is_refused(self, keys):
        keys.activate(NEXT, instead_of=SEALS.id)
        before = keys.list()

        with pytest.raises(Conflict):
            keys.activate(a_key(4), instead_of=SEALS.id)
        assert keys.list() == before

    def test_a_key_under_another_master_key_is_refused(self, keys):
        before = keys.list()

        with pytest.raises(Conflict):
            keys.activate(replace(NEXT, master_fingerprint=OTHER_MASTER))
        assert keys.list() == before

    def test_a_key_whose_id_is_taken_leaves_the_active_one_active(self, keys):
        before = keys.list()

        with pytest.raises(DomainError):
            keys.activate(replace(NEXT, id=HASHES.id))
        assert keys.list() == before

    def test_a_key_that_nothing_names_is_retired_and_stays_listed(self, keys):
        keys.activate(NEXT)
        keys.retire(SEALS.id)
        keys.retire(SEALS.id)

        assert keys.list() == [replace(SEALS, state=KeyState.RETIRED), HASHES, NEXT]

    def test_a_key_that_one_value_names_is_not_retired(self, keys, seal_under):
        take_away = seal_under(SEALS.id)
        keys.activate(NEXT)
        before = keys.list()

        with pytest.raises(Conflict):
            keys.retire(SEALS.id)
        assert keys.list() == before
        take_away()
        keys.retire(SEALS.id)
        assert keys.list()[0].state is KeyState.RETIRED

    @pytest.mark.parametrize("key", [SEALS, HASHES], ids=lambda key: key.purpose.value)
    def test_an_active_key_is_not_retired(self, keys, key):
        with pytest.raises(Conflict):
            keys.retire(key.id)

    def test_a_key_that_is_not_there_cannot_be_retired(self, keys):
        with pytest.raises(NotFound):
            keys.retire(NEXT.id)

    def test_wrapping_anew_changes_nothing_else(self, keys):
        keys.activate(NEXT)
        keys.retire(SEALS.id)
        stored = keys.list()
        wrapped = [replace(key, wrapped=key.id.encode(), master_fingerprint=OTHER_MASTER) for key in stored]

        keys.rewrap([replace(key, uses=99, canary=b"", state=KeyState.ACTIVE, created_at=1) for key in wrapped])

        assert keys.list() == wrapped

    @pytest.mark.parametrize("given", [[SEALS], [SEALS, HASHES, NEXT], [], [SEALS, NEXT]], ids=len)
    def test_wrapping_anew_takes_all_keys_or_none(self, keys, given):
        before = keys.list()

        with pytest.raises(Conflict):
            keys.rewrap([replace(key, wrapped=b"new", master_fingerprint=OTHER_MASTER) for key in given])
        assert keys.list() == before
