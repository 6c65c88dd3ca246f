"""What every store of data keys does."""

from dataclasses import replace

import pytest

from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.errors import DomainError
from domain.keys import DataKey, KeyPurpose, KeyState


def a_key(number=1, **changes):
    key = DataKey(
        id=f"0b9f6c0e-5d6a-4d3b-9a51-2f1f6f0c7a{number:02}",
        purpose=KeyPurpose.SEAL,
        state=KeyState.ACTIVE,
        wrapped=bytes(range(60)),
        canary=b"\x00\xff" * 20,
        master_fingerprint="0123456789abcdef",
        created_at=NOON + number,
    )
    return replace(key, **changes)


class DataKeyStoreContract:
    """Subclasses override `store`: an empty one."""

    @pytest.fixture
    def store(self):
        raise NotImplementedError

    def test_an_empty_store_has_nothing(self, store):
        assert store.list() == []

    @pytest.mark.parametrize("purpose", KeyPurpose)
    @pytest.mark.parametrize("state", KeyState)
    def test_every_field_is_kept_as_it_is(self, store, purpose, state):
        key = a_key(purpose=purpose, state=state, uses=2**32)

        store.add([key])

        assert store.list() == [key]

    def test_adding_none_changes_nothing(self, store):
        store.add([])

        assert store.list() == []

    def test_the_list_is_oldest_first(self, store):
        store.add([a_key(3), a_key(1)])
        store.add([a_key(2)])

        assert store.list() == [a_key(1), a_key(2), a_key(3)]

    def test_keys_are_added_all_or_none(self, store):
        store.add([a_key(1)])

        with pytest.raises(DomainError):
            store.add([a_key(2), a_key(1, wrapped=b"other"), a_key(3)])

        assert store.list() == [a_key(1)]

    def test_changing_a_list_that_was_returned_changes_nothing_stored(self, store):
        store.add([a_key(1)])

        store.list().clear()

        assert store.list() == [a_key(1)]
