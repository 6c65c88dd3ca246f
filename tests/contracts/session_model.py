"""A session store and the memory one, driven through the same calls."""

from contextlib import ExitStack

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.memory import ManualClock, MemorySessionStore
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.instants import DAY_MS
from domain.sessions import Session
from tests.support.said import outcome

KEYS = [
    "forgejo:reviewer:acme/api:1",
    "forgejo:reviewer:acme/api:10",
    "forgejo:reviewer:acme/\U0001f511:1",
    "forgejo:reviewer:acme/\uffee:1",
    "github:builder:acme_api:1",
    "github:builder:acme%api:1",
]
keys = st.sampled_from([*KEYS, "", "forgejo:reviewer"])
ids = st.sampled_from(["one", "two", "ид", " x ", "", "a\nb"])
instants = st.integers(-3, 3).map(lambda days: NOON + days * DAY_MS) | st.just(0)
prefixes = st.sampled_from(
    ["", "forgejo:", "forgejo:reviewer:acme/", "github:builder:acme_", "github:builder:acme%", "x"]
)
merges = st.lists(st.builds(Session, keys, ids, instants, instants), max_size=4, unique_by=lambda session: session.key)


class SessionModel(RuleBasedStateMachine):
    """Whatever one does, the other does."""

    def __init__(self, open_store):
        super().__init__()
        self.opened = ExitStack()
        self.clock = ManualClock()
        self.model = MemorySessionStore(self.clock)
        self.store = self.opened.enter_context(open_store(self.clock))

    def teardown(self):
        self.opened.close()

    def agree(self, call):
        assert outcome(lambda: call(self.store)) == outcome(lambda: call(self.model))

    @rule(ms=st.integers(1, DAY_MS))
    def time_passes(self, ms):
        self.clock.advance(ms)

    @rule(key=keys, session_id=ids, used_at=st.none() | instants)
    def set(self, key, session_id, used_at):
        self.agree(lambda store: store.set(key, session_id, used_at=used_at))

    @rule(key=keys)
    def delete(self, key):
        self.agree(lambda store: store.delete(key))

    @rule(sessions=merges)
    def put_many(self, sessions):
        self.agree(lambda store: store.put_many(iter(sessions)))

    @rule(before=instants)
    def prune(self, before):
        self.agree(lambda store: store.count_stale(before))
        self.agree(lambda store: store.prune_stale(before))

    @rule(key=keys)
    def get(self, key):
        self.agree(lambda store: store.get(key))

    @rule(prefix=prefixes, after=st.none() | keys, limit=st.none() | st.integers(0, 3))
    def list(self, prefix, after, limit):
        self.agree(lambda store: store.list(prefix=prefix, after=after, limit=limit))

    @invariant()
    def both_hold_the_same(self):
        self.agree(lambda store: store.list())
        self.agree(lambda store: store.count())
