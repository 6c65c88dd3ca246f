"""Migration 012: the operator's GitLab token, from its JSON file into `operator_oauth_tokens`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from typing_extensions import override

from app.usecases.legacy_migration import Held, LegacyMigration, Reading, Standing
from domain.errors import Integrity
from domain.legacy.files import GITLAB_FILE, LegacyFile, LegacyRef, Root
from domain.legacy.gitlab_file import parse_gitlab_file
from domain.oauth import OAuthToken
from domain.ports import OAuthTokenStore

FORGE = "gitlab"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateGitlabOauth(LegacyMigration[OAuthToken]):
    """One file, one row. A refresh token in an old file may be spent: the row always wins."""

    tokens: OAuthTokenStore
    fresh_tokens: Callable[[], AbstractContextManager[OAuthTokenStore]]

    @property
    @override
    def id(self) -> str:
        return "012-migrate-gitlab-oauth-to-db"

    @override
    def claims(self, ref: LegacyRef) -> bool:
        return ref.root is Root.STATE and GITLAB_FILE in ref.logical

    @override
    def parse(self, file: LegacyFile) -> Reading[OAuthToken]:
        token = parse_gitlab_file(file.content, mtime=file.mtime_ms)
        refresh = token.refresh_token.reveal() if token.refresh_token else ""
        identity = f"{token.access_token.reveal()}\n{refresh}".encode()
        return Reading(value=token, identity=identity, place=f"the {FORGE} row of operator_oauth_tokens")

    @override
    def compare(self, reading: Reading[OAuthToken]) -> Standing:
        try:
            held = self.tokens.get(FORGE)
        except Integrity:
            return Standing(held=Held.UNREADABLE)
        if held is None:
            return Standing(held=Held.NOTHING)
        same = held.same_credentials(reading.value)
        return Standing(held=Held.THE_SAME if same else Held.ANOTHER)

    @override
    def store(self, reading: Reading[OAuthToken], *, replace: bool) -> None:
        self.tokens.upsert(reading.value, expected_version=None if replace else 0)

    @override
    def is_stored(self, reading: Reading[OAuthToken], standing: Standing) -> bool:
        with self.fresh_tokens() as tokens:
            held = tokens.get(FORGE)
        if held is None:
            return False
        if standing.held is Held.THE_SAME:
            return held.same_credentials(reading.value)
        return replace(held, version=0) == reading.value
