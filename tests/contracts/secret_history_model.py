"""A store with its history and the memory ones, driven through the same calls under a clock that goes both ways."""

from contextlib import ExitStack

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.memory import ManualClock, MemorySecretHistory, MemorySecretStore
from domain.instants import DAY_MS
from tests.support.said import outcome

NAMES = ["agent_token:reviewer", "webhook"]
names = st.sampled_from(NAMES)
versions = st.integers(0, 14)
expectations = st.one_of(st.none(), versions)


class SecretHistoryModel(RuleBasedStateMachine):
    """Whatever one pair does, the other does; both count versions from 1, so that they are compared as well."""

    def __init__(self, open_pair):
        super().__init__()
        self.opened = ExitStack()
        self.clock = ManualClock()
        model = MemorySecretStore(self.clock)
        self.model = (model, MemorySecretHistory(model))
        self.pair = self.opened.enter_context(open_pair(self.clock))

    def teardown(self):
        self.opened.close()

    def agree(self, call):
        assert outcome(lambda: call(*self.pair)) == outcome(lambda: call(*self.model))

    @rule(ms=st.integers(-3 * DAY_MS, 3 * DAY_MS))
    def the_clock_moves(self, ms):
        self.clock.advance(ms)

    @rule(name=names, value=st.sampled_from(["tok-1", "tok-2"]), expected=expectations)
    def set(self, name, value, expected):
        self.agree(lambda store, _history: store.set(name, value, expected_version=expected))

    @rule(name=names, life=st.integers(-DAY_MS, 2 * DAY_MS))
    def set_with_expiry(self, name, life):
        expires_at = self.clock.now() + life
        self.agree(lambda store, _history: store.set(name, "tok-mayfly", expires_at=expires_at))

    @rule(name=names, times=st.integers(2, 11))
    def set_often(self, name, times):
        self.agree(lambda store, _history: [store.set(name, f"tok-{n}") for n in range(times)])

    @rule(name=names, expected=expectations)
    def delete(self, name, expected):
        self.agree(lambda store, _history: store.delete(name, expected_version=expected))

    @rule(name=names)
    def delete_whatever_is_there(self, name):
        self.agree(lambda store, _history: store.delete(name))

    @rule(name=names, version=versions)
    def destroy(self, name, version):
        self.agree(lambda _store, history: history.destroy(name, version))

    @rule(name=names)
    def destroy_the_newest(self, name):
        self.agree(lambda _store, history: [history.destroy(name, v.version) for v in history.versions(name)[:1]])

    @rule(wanted=st.lists(st.tuples(names, versions), max_size=4))
    def destroy_many(self, wanted):
        self.agree(lambda _store, history: history.destroy_many(wanted))

    @rule(name=names)
    def undelete(self, name):
        self.agree(lambda _store, history: history.undelete(name))

    @invariant()
    def both_hold_the_same(self):
        self.agree(lambda store, _history: [_info(info) for info in store.list()])
        self.agree(lambda _store, history: [_shown(v) for v in history.deleted()])
        for name in NAMES:
            self.agree(lambda store, _history, name=name: _seen(store.get(name)))
            self.agree(lambda store, _history, name=name: (info := store.info(name)) and _info(info))
            self.agree(lambda _store, history, name=name: [_shown(v) for v in history.versions(name)])
            self.agree(
                lambda _store, history, name=name: [
                    _seen(history.get_version(name, v.version)) for v in history.versions(name)
                ]
            )


def _seen(secret):
    return secret and (secret.name, secret.value.reveal(), secret.version, secret.created_at, secret.updated_at)


def _info(info):
    return (info.name, info.version, info.created_at, info.updated_at, info.expires_at)


def _shown(version):
    return (
        version.name,
        version.version,
        version.created_at,
        version.destroyed_at,
        version.deleted_at,
        version.current,
        version.expires_at,
    )
