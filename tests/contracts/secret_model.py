"""A secret store and the memory one, driven through the same calls; of versions, only the order is compared."""

from contextlib import ExitStack

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.memory import ManualClock, MemorySecretStore
from domain.instants import DAY_MS
from tests.support.said import outcome

NAMES = ["agent_token:reviewer", "agent_token:Reviewer", "agent_token:a.b", "penpot_api_token"]
names = st.sampled_from([*NAMES, "", "agent_token:..", "agent_token:a/b"])
values = st.sampled_from(["tok-1", "tok-2", "t" * 3_000, "ключ", "", "a b", "a\n", "\ud800"])
expectations = st.sampled_from(["any", "absent", "current", "stale", "never"])
NEVER = 2**62


class SecretModel(RuleBasedStateMachine):
    """Whatever one does, the other does."""

    def __init__(self, open_store):
        super().__init__()
        self.opened = ExitStack()
        self.clock = ManualClock()
        self.model = MemorySecretStore(self.clock)
        self.store = self.opened.enter_context(open_store(self.clock))
        self.versions = {id(self.model): {}, id(self.store): {}}

    def teardown(self):
        self.opened.close()

    def agree(self, call):
        assert outcome(lambda: call(self.store)) == outcome(lambda: call(self.model))

    @rule(ms=st.integers(1, DAY_MS))
    def time_passes(self, ms):
        self.clock.advance(ms)

    @rule(name=names, value=values, expectation=expectations)
    def set(self, name, value, expectation):
        self.agree(lambda store: self._set(store, name, value, expectation))

    @rule(name=names)
    def delete(self, name):
        self.agree(lambda store: store.delete(name))

    @rule(name=names)
    def get(self, name):
        self.agree(lambda store: _seen(store.get(name)))

    @invariant()
    def both_hold_the_same(self):
        self.agree(lambda store: [info.name for info in store.list()])
        self.agree(lambda store: [_seen(store.get(name)) for name in NAMES])

    def _set(self, store, name, value, expectation):
        written = self.versions[id(store)].setdefault(name, [])
        current = store.get(name)
        expected = {
            "any": None,
            "absent": 0,
            "current": current.version if current else 0,
            "stale": written[-2] if len(written) > 1 else NEVER,
            "never": NEVER,
        }[expectation]
        version = store.set(name, value, expected_version=expected)
        assert not written or version > written[-1]
        assert store.get(name).version == version
        written.append(version)


def _seen(secret):
    return None if secret is None else (secret.name, secret.value.reveal())
