"""What the contract does not say of OAuth tokens in files: the format, and files that others wrote."""

import json
import stat
from dataclasses import replace

import pytest

from adapters.filesystem import FileOAuthTokenStore
from adapters.memory import ManualClock
from domain.errors import Integrity, Invalid
from domain.oauth import OAuthToken
from domain.values import SecretValue

NOW = ManualClock().now()
FULL = OAuthToken(
    forge_type="gitlab",
    access_token=SecretValue("access-hidden"),
    refresh_token=SecretValue("refresh-hidden"),
    token_type="Bearer",
    scopes=("api", "read_user"),
    expires_at=NOW + 7_200_123,
    base_url="https://gitlab.example.org",
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "gitlab-oauth-token.json"


@pytest.fixture
def store(tmp_path):
    return FileOAuthTokenStore(tmp_path, ManualClock())


def test_the_file_has_the_old_format_and_is_private(store, path):
    store.upsert(FULL)

    assert json.loads(path.read_bytes()) == {
        "access_token": "access-hidden",
        "refresh_token": "refresh-hidden",
        "token_type": "Bearer",
        "scope": "api read_user",
        "expires_at": NOW + 7_200_123,
        "base_url": "https://gitlab.example.org",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_not_said_is_left_out(store, path):
    store.upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue("access-hidden")))

    assert json.loads(path.read_bytes()) == {"access_token": "access-hidden"}


@pytest.mark.parametrize("scopes", [None, (), ("api",), ("a b", "c"), ("a,b",), ("",)])
def test_scopes_come_back_as_they_were(store, scopes):
    store.upsert(replace(FULL, scopes=scopes))

    assert store.get("gitlab").scopes == scopes


def test_a_file_of_the_old_version_is_read(store, path):
    path.write_bytes(b'{"accessToken": "old", "scopes": ["api"], "createdAt": 1795521600, "expiresIn": 7200, "x": 1}')

    token = store.get("gitlab")

    assert (token.access_token.reveal(), token.scopes, token.expires_at) == ("old", ("api",), NOW + 7_200_000)
    assert token.version == path.stat().st_mtime_ns


@pytest.mark.parametrize("content", [b"", b"{}", b'{"access_token": "hidden hidden"}', b'["hidden"]', b"\xffhidden"])
def test_a_malformed_file_is_told_without_its_content_and_can_be_overwritten(store, path, content):
    path.write_bytes(content)

    with pytest.raises(Integrity, match="gitlab") as caught:
        store.get("gitlab")
    with pytest.raises(Integrity, match="gitlab"):
        store.list()
    store.upsert(FULL)

    assert "hidden" not in str(caught.value)
    assert store.get("gitlab").access_token.reveal() == "access-hidden"


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_at": 1_700_000_000},
        {"token_type": ""},
        {"base_url": "a\nb"},
        {"access_token": SecretValue("hidden hidden")},
    ],
    ids=str,
)
def test_what_could_not_be_read_back_is_invalid_and_not_written(store, path, fields):
    with pytest.raises(Invalid) as caught:
        store.upsert(replace(FULL, **fields))

    assert "hidden" not in str(caught.value)
    assert not path.exists()
