"""What every store of API tokens does."""

import hashlib
from dataclasses import replace

import pytest

from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.api_tokens import ADMIN, ApiToken
from domain.errors import DomainError


def a_token(number=1, **changes):
    token = ApiToken(
        id=f"t{number}",
        name="continuous integration",
        prefix="srt_abcd",
        digest=hashlib.sha256(str(number).encode()).digest(),
        grants=("read:/sessions/*", "write:/agents/*/token"),
        created_at=NOON + number,
    )
    return replace(token, **changes)


class ApiTokenStoreContract:
    """Subclasses override `store`: an empty one."""

    @pytest.fixture
    def store(self):
        raise NotImplementedError

    def test_an_empty_store_has_nothing(self, store):
        assert store.find(a_token().digest) is None
        assert store.list() == []
        assert store.revoke("t1", NOON) is False

    @pytest.mark.parametrize(
        "token",
        [
            a_token(),
            a_token(grants=(ADMIN,)),
            a_token(grants=()),
            a_token(grants=("read:/a,b", "read:/a b", 'read:/"')),
            a_token(name="ключ 🔑 'x'", expires_at=NOON + 9),
            a_token(last_used_at=NOON + 2, revoked_at=NOON + 3),
            a_token(digest=bytes(32)),
            a_token(digest=bytes(range(224, 256))),
        ],
    )
    def test_every_field_is_kept_as_it_is(self, store, token):
        store.add(token)

        assert store.find(token.digest) == token
        assert store.list() == [token]

    def test_a_token_is_found_by_its_whole_digest_only(self, store):
        store.add(a_token())

        digest = a_token().digest
        for other in (b"", digest[:-1], digest + b"\x00", a_token(2).digest, digest.hex().encode()):
            assert store.find(other) is None

    def test_the_list_is_oldest_first(self, store):
        for number in (3, 1, 2):
            store.add(a_token(number))

        assert store.list() == [a_token(1), a_token(2), a_token(3)]

    def test_a_token_is_added_once(self, store):
        store.add(a_token())

        with pytest.raises(DomainError):
            store.add(a_token(name="another"))
        with pytest.raises(DomainError):
            store.add(a_token(id="t2"))

        assert store.list() == [a_token()]

    def test_a_revoked_token_is_still_found(self, store):
        store.add(a_token())
        store.add(a_token(2))

        assert store.revoke("t1", NOON + 50) is True
        assert store.find(a_token().digest) == a_token(revoked_at=NOON + 50)
        assert store.find(a_token(2).digest) == a_token(2)

    def test_revoking_twice_keeps_the_first_instant(self, store):
        store.add(a_token())
        store.revoke("t1", NOON + 50)

        assert store.revoke("t1", NOON + 60) is True
        assert store.find(a_token().digest).revoked_at == NOON + 50

    def test_use_is_written_down(self, store):
        store.add(a_token())
        store.add(a_token(2))

        store.mark_used("t1", NOON + 70)

        assert store.list() == [a_token(last_used_at=NOON + 70), a_token(2)]

    def test_use_of_an_unknown_token_is_no_error(self, store):
        store.mark_used("t1", NOON)

        assert store.list() == []

    def test_use_does_not_undo_a_revocation(self, store):
        store.add(a_token())
        store.revoke("t1", NOON + 50)
        store.mark_used("t1", NOON + 60)

        assert store.find(a_token().digest) == a_token(revoked_at=NOON + 50, last_used_at=NOON + 60)
