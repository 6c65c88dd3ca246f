"""What every store of settings does."""

import pytest

from tests.support.races import THREADS, in_threads


class SettingStoreContract:
    """Subclasses override `store`: an empty one."""

    @pytest.fixture
    def store(self):
        raise NotImplementedError

    def test_an_empty_store_has_nothing(self, store):
        assert store.all() == {}
        assert store.unset("session_ttl_days") is False

    @pytest.mark.parametrize("value", ["30", "", " ", "last=5,daily=7", "ü🔑", "a\nb", "'\"--", "x" * 10_000])
    def test_a_value_is_kept_as_it_is(self, store, value):
        store.set("backup_keep", value)

        assert store.all() == {"backup_keep": value}

    def test_setting_again_overwrites_and_a_neighbour_is_untouched(self, store):
        store.set("session_ttl_days", "30")
        store.set("session_ttl", "1")
        store.set("session_ttl_days", "60")

        assert store.all() == {"session_ttl": "1", "session_ttl_days": "60"}

    def test_unsetting_tells_whether_it_was_there(self, store):
        store.set("session_ttl_days", "30")
        store.set("backup_keep", "last=5")

        assert store.unset("session_ttl_days") is True
        assert store.unset("session_ttl_days") is False
        assert store.all() == {"backup_keep": "last=5"}

    def test_changing_what_was_returned_changes_nothing_stored(self, store):
        store.set("session_ttl_days", "30")

        store.all().clear()

        assert store.all() == {"session_ttl_days": "30"}

    def test_threads_that_set_different_names_lose_none(self, store):
        in_threads(lambda thread: [store.set(f"s{thread}_{n}", str(n)) for n in range(5)])

        assert len(store.all()) == THREADS * 5
