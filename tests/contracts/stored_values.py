"""What everything does that hands out the stored secrets in the clear."""

import pytest

from domain.legacy.files import PENPOT_FILE, SESSIONS_FILE, LegacyRef, Root
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.contracts.legacy_archive import OTHER, a_file


class StoredValuesContract:
    """Subclasses override `stores`, which have `secrets`, `history`, `tokens` and `archive`, and `values` over them."""

    @pytest.fixture
    def stores(self):
        raise NotImplementedError

    @pytest.fixture
    def values(self):
        raise NotImplementedError

    def told(self, values):
        return sorted((value.subject, value.content) for value in values.reveal())

    def test_where_nothing_is_stored_nothing_is_told(self, values):
        assert self.told(values) == []

    def test_every_version_of_a_secret_is_told_with_its_number(self, stores, values):
        for value in ("first", "second ✓"):
            stores.secrets.set("name:x", value)

        assert self.told(values) == [
            ("the secret name:x, version 1", b"first"),
            ("the secret name:x, version 2", "second ✓".encode()),
        ]

    def test_white_space_around_a_secret_is_part_of_it(self, stores, values):
        stores.secrets.set("name:x", " \ufeffspaced \t")

        assert self.told(values) == [("the secret name:x, version 1", " \ufeffspaced \t".encode())]

    def test_a_deleted_secret_is_told_as_long_as_it_can_come_back(self, stores, values):
        stores.secrets.set("name:x", "first")
        stores.secrets.delete("name:x")

        assert self.told(values) == [("the secret name:x, version 1", b"first")]

    def test_an_expired_secret_is_told(self, stores, values):
        stores.secrets.set("name:x", "first", expires_at=stores.clock.now() + 1)
        stores.clock.advance(2)

        assert self.told(values) == [("the secret name:x, version 1", b"first")]

    def test_a_destroyed_version_is_not_told(self, stores, values):
        for value in ("first", "second"):
            stores.secrets.set("name:x", value)
        stores.history.destroy("name:x", 1)

        assert self.told(values) == [("the secret name:x, version 2", b"second")]

    def test_both_tokens_of_each_forge_are_told_where_there_are_two(self, stores, values):
        access, refresh = SecretValue("access"), SecretValue("refresh")
        stores.tokens.upsert(OAuthToken(forge_type="gitlab", access_token=access, refresh_token=refresh))
        stores.tokens.upsert(OAuthToken(forge_type="github", access_token=access))

        assert self.told(values) == [
            ("the github access_token", b"access"),
            ("the gitlab access_token", b"access"),
            ("the gitlab refresh_token", b"refresh"),
        ]

    def test_a_disconnected_forge_is_not_told(self, stores, values):
        stores.tokens.upsert(OAuthToken(forge_type="github", access_token=SecretValue("access")))
        stores.tokens.delete("github")

        assert self.told(values) == []

    def test_an_archived_token_file_is_told_as_the_token_in_it(self, stores, values):
        stores.archive.keep(a_file(LegacyRef(Root.CONFIG, PENPOT_FILE), b"\xef\xbb\xbftok-old\r\n"))

        assert self.told(values) == [(f"the archived file {PENPOT_FILE}", b"tok-old")]

    def test_every_content_that_an_archived_file_had_is_told(self, stores, values):
        for content in (b"tok-older", b"tok-newer"):
            stores.archive.keep(a_file(OTHER, content))

        assert self.told(values) == [
            (f"the archived file {OTHER.path}", content) for content in (b"tok-newer", b"tok-older")
        ]

    def test_archived_sessions_are_no_secret(self, stores, values):
        stores.archive.keep(a_file(LegacyRef(Root.STATE, SESSIONS_FILE), b'{"key": {"id": "session"}}'))

        assert self.told(values) == []

    def test_no_form_of_what_is_told_shows_a_value(self, stores, values):
        stores.secrets.set("name:x", "tok-hidden")

        (value,) = values.reveal()
        assert "hidden" not in f"{value!r} {value}"
