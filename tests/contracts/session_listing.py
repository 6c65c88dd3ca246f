"""What every session store does when it lists and merges; part of the contract of session_store."""

import pytest

from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.errors import Invalid
from domain.instants import DAY_MS
from tests.contracts.session_samples import (
    KEY,
    MALFORMED_IDS,
    MALFORMED_INSTANTS,
    MALFORMED_KEYS,
    OTHER,
    key_at,
    session,
)
from tests.contracts.session_store import SessionStoreContract
from tests.support.said import cut

UNSORTED = [
    "forgejo:reviewer:\U0001f511:1",
    "forgejo:reviewer:\uffee:1",
    "forgejo:reviewer:b:1",
    "forgejo:reviewer:B:1",
    "forgejo:reviewer:ä:1",
    "forgejo:reviewer:a:1",
    "forgejo:reviewer:a:10",
    "forgejo:reviewer:a:2",
    "forgejo:reviewer:a!:1",
    "forgejo:reviewer:\U0010ffff:1",
    "github:a:b:1",
]


MALFORMED = [
    *(session(key) for key in MALFORMED_KEYS),
    *(session(session_id=session_id) for session_id in MALFORMED_IDS),
    *(session(used_at=instant) for instant in MALFORMED_INSTANTS),
    *(session(created_at=instant) for instant in MALFORMED_INSTANTS),
]


def listed(store, **how):
    return [found.key for found in store.list(**how)]


class SessionListingContract(SessionStoreContract):
    """The whole contract of a session store; subclasses override `open_store`."""

    def test_the_list_is_in_the_order_of_code_points(self, store):
        for key in UNSORTED:
            store.set(key, "first")

        assert listed(store) == sorted(UNSORTED)

    def test_pages_are_in_the_order_of_code_points_too(self, store):
        store.put_many(session(key) for key in UNSORTED)

        pages, after = [], None
        while page := listed(store, after=after, limit=3):
            pages += page
            after = page[-1]

        assert pages == sorted(UNSORTED)

    @pytest.mark.parametrize("sign", [*"%_*?[]\\^'\".+$(){}|#", "[a", "%%", "\u00e4", "\ud7ff", "\U0010ffff"], ids=cut)
    def test_a_prefix_is_taken_literally(self, store, sign):
        keys = [f"forgejo:reviewer:x{sign}y:1", f"forgejo:reviewer:x{sign}:1"]
        decoys = ["forgejo:reviewer:xay:1", "forgejo:reviewer:xy:1", "forgejo:reviewer:x:1", "forgejo:reviewer:Xay:1"]
        store.put_many(session(key) for key in keys + decoys)

        assert listed(store, prefix=f"forgejo:reviewer:x{sign}") == sorted(keys)

    @pytest.mark.parametrize("prefix", ["a\x00", "\x00", "\ud800", "forgejo:\udfff", "\n", "x" * 5_000], ids=cut)
    def test_a_prefix_that_no_key_can_have_finds_nothing(self, store, prefix):
        store.set(KEY, "first")

        assert store.list(prefix=prefix) == []

    def test_a_prefix_minds_case(self, store):
        store.set(KEY, "first")

        assert store.list(prefix="FORGEJO") == []
        assert store.list(prefix="forgejo:Rev") == []

    def test_a_whole_key_is_a_prefix_of_itself(self, store):
        store.put_many([session(KEY), session(KEY + "0"), session(OTHER)])

        assert listed(store, prefix=KEY) == [KEY, KEY + "0"]

    def test_after_begins_behind_a_key_that_need_not_be_there(self, store):
        store.put_many(session(key_at(n)) for n in (1, 3, 5))

        assert listed(store, after=key_at(3)) == [key_at(5)]
        assert listed(store, after=key_at(2)) == [key_at(3), key_at(5)]
        assert listed(store, after=key_at(5)) == []
        assert listed(store, after="") == [key_at(1), key_at(3), key_at(5)]

    def test_prefix_after_and_limit_hold_together(self, store):
        store.put_many(session(key_at(n, repo=repo)) for n in range(6) for repo in ("a", "b"))

        page = listed(store, prefix="forgejo:reviewer:b:", after=key_at(1, repo="b"), limit=2)

        assert page == [key_at(2, repo="b"), key_at(3, repo="b")]
        assert listed(store, prefix="forgejo:reviewer:a:", after=key_at(9, repo="a"), limit=2) == []

    def test_a_limit_of_none_zero_and_more_than_there_is(self, store):
        store.put_many(session(key_at(n)) for n in range(3))

        assert len(store.list(limit=None)) == 3
        assert store.list(limit=0) == []
        assert len(store.list(limit=2)) == 2
        assert len(store.list(limit=1_000)) == 3

    def test_merging_nothing_writes_nothing(self, store):
        assert store.put_many([]) == 0
        assert store.put_many(iter(())) == 0
        assert store.count() == 0

    def test_merging_keeps_every_field(self, store):
        sessions = [
            session(KEY, "one", used_at=NOON, created_at=NOON - DAY_MS),
            session(OTHER, "two", used_at=NOON - 1),
        ]

        assert store.put_many(sessions) == 2
        assert store.list() == sessions

    def test_merging_takes_a_generator(self, store):
        assert store.put_many(session(key_at(n)) for n in range(3)) == 3
        assert store.count() == 3

    @pytest.mark.timeout(30)
    def test_merging_takes_a_generator_that_reads_the_store(self, store):
        store.put_many(session(key_at(n)) for n in range(3))

        copies = (
            session(key_at(n, repo="copy"), store.get(key_at(n)).session_id + str(store.count())) for n in range(3)
        )

        assert store.put_many(copies) == 3
        assert store.get(key_at(0, repo="copy")).session_id.startswith("first")

    def test_a_generator_that_fails_leaves_the_store_as_it_was(self, store):
        def sessions():
            yield session()
            raise LookupError

        with pytest.raises(LookupError):
            store.put_many(sessions())

        assert store.count() == 0
        store.set(OTHER, "first")
        assert listed(store) == [OTHER]

    def test_the_newer_wins_whole(self, store):
        store.put_many([session(session_id="old", used_at=NOON, created_at=NOON)])

        written = store.put_many([session(session_id="new", used_at=NOON + 1, created_at=NOON - 7)])

        assert written == 1
        assert store.get(KEY) == session(session_id="new", used_at=NOON + 1, created_at=NOON - 7)

    def test_the_older_changes_nothing(self, store):
        store.put_many([session(session_id="new")])

        written = store.put_many([session(session_id="old", used_at=NOON - 1, created_at=NOON - 7)])

        assert written == 0
        assert store.get(KEY) == session(session_id="new")

    def test_at_the_same_instant_the_stored_one_stays(self, store):
        store.put_many([session(session_id="stored")])

        assert store.put_many([session(session_id="late", created_at=NOON - 7)]) == 0
        assert store.get(KEY) == session(session_id="stored")

    def test_merging_twice_writes_once(self, store):
        sessions = [session(key_at(n)) for n in range(3)]

        assert store.put_many(sessions) == 3
        assert store.put_many(sessions) == 0

    @pytest.mark.parametrize("order", [1, -1])
    def test_of_two_with_one_key_in_one_merge_the_newer_stays(self, store, order):
        sessions = [session(session_id="old", used_at=NOON), session(session_id="new", used_at=NOON + 1)]

        store.put_many(sessions[::order])

        assert store.list() == [session(session_id="new", used_at=NOON + 1)]

    @pytest.mark.parametrize("bad", MALFORMED, ids=range(len(MALFORMED)))
    def test_one_malformed_session_keeps_all_of_a_merge_out(self, store, bad):
        store.put_many([session(OTHER)])

        with pytest.raises(Invalid):
            store.put_many([session(OTHER, "second", used_at=NOON + 1), session(key_at(1)), bad, session(key_at(2))])

        assert store.list() == [session(OTHER)]

    def test_thousands_are_merged_at_once(self, store):
        assert store.put_many(session(key_at(n)) for n in range(3_000)) == 3_000
        assert store.count() == 3_000
        assert listed(store, after=key_at(2_998)) == [key_at(2_999)]
