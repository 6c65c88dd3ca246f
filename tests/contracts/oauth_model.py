"""A store of OAuth tokens and the memory one, driven through the same calls; versions compared by order only."""

from contextlib import ExitStack
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.memory import ManualClock, MemoryOAuthTokenStore
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.oauth import OAuthToken
from domain.values import FORGES, SecretValue
from tests.support.said import outcome

NEVER = 2**62
forges = st.sampled_from([*FORGES, "", "GitLab"])
credentials = st.sampled_from(["one", "two", "ключ", "t" * 3_000]).map(SecretValue)
tokens = st.builds(
    OAuthToken,
    forge_type=st.sampled_from(FORGES),
    access_token=credentials,
    refresh_token=st.none() | credentials,
    token_type=st.none() | st.just("Bearer"),
    scopes=st.none() | st.lists(st.sampled_from(["api", "a,b", "ü"]), max_size=3).map(tuple),
    expires_at=st.none() | st.integers(NOON - 10, NOON + 10),
    base_url=st.none() | st.just("https://forge.example.org"),
    version=st.integers(0, 3),
)
expectations = st.sampled_from(["any", "absent", "current", "stale", "never"])


class OAuthModel(RuleBasedStateMachine):
    """Whatever one does, the other does."""

    def __init__(self, open_store):
        super().__init__()
        self.opened = ExitStack()
        self.model = MemoryOAuthTokenStore()
        self.store = self.opened.enter_context(open_store(ManualClock()))
        self.versions = {id(self.model): {}, id(self.store): {}}

    def teardown(self):
        self.opened.close()

    def agree(self, call):
        assert outcome(lambda: call(self.store)) == outcome(lambda: call(self.model))

    @rule(token=tokens, expectation=expectations)
    def upsert(self, token, expectation):
        self.agree(lambda store: self._upsert(store, token, expectation))

    @rule(forge=forges)
    def delete(self, forge):
        self.agree(lambda store: store.delete(forge))

    @rule(forge=forges)
    def get(self, forge):
        self.agree(lambda store: _unversioned(store.get(forge)))

    @invariant()
    def both_hold_the_same(self):
        self.agree(lambda store: [_unversioned(token) for token in store.list()])

    def _upsert(self, store, token, expectation):
        written = self.versions[id(store)].setdefault(token.forge_type, [])
        current = store.get(token.forge_type)
        expected = {
            "any": None,
            "absent": 0,
            "current": current.version if current else 0,
            "stale": written[-2] if len(written) > 1 else NEVER,
            "never": NEVER,
        }[expectation]
        version = store.upsert(token, expected_version=expected)
        assert not written or version > written[-1]
        assert store.get(token.forge_type).version == version
        written.append(version)


def _unversioned(token):
    return None if token is None else replace(token, version=0)
