"""Migration 014: the agents' tokens and Penpot's, from one plain-text file each into secrets."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from typing_extensions import override

from app.usecases.legacy_migration import Held, LegacyMigration, Reading, Standing
from app.usecases.mounts.line_ends import LineEnds
from domain.errors import Integrity
from domain.legacy.files import PENPOT_FILE, TOKENS_DIRECTORY, LegacyFile, LegacyRef, Root
from domain.legacy.text import Malformed
from domain.legacy.token_file import line_end, parse_token_file
from domain.ports import SecretStore
from domain.secrets import Secret
from domain.values import PENPOT_TOKEN, SecretValue, agent_token_name, is_agent_name


@dataclass(frozen=True, slots=True)
class TokenInFile:
    """A token, the secret that it becomes, and the line ends behind it."""

    name: str
    token: SecretValue
    line_end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateAgentTokens(LegacyMigration[TokenInFile]):
    """A file a secret: `tokens/<agent>` becomes `agent_token:<agent>`, `penpot-token` `penpot_api_token`."""

    secrets: SecretStore
    fresh_secrets: Callable[[], AbstractContextManager[SecretStore]]
    line_ends: LineEnds

    @property
    @override
    def id(self) -> str:
        return "014-migrate-agent-tokens-to-secrets"

    @override
    def claims(self, ref: LegacyRef) -> bool:
        return ref.root is Root.CONFIG

    @override
    def parse(self, file: LegacyFile) -> Reading[TokenInFile]:
        name = _secret_name(file.ref)
        token = parse_token_file(file.content)
        identity = f"{name}\n{token.reveal()}".encode()
        return Reading(
            value=TokenInFile(name, token, line_end(file.content)), identity=identity, place=f"the secret {name}"
        )

    @override
    def compare(self, reading: Reading[TokenInFile]) -> Standing:
        try:
            held = self.secrets.get(reading.value.name)
        except Integrity:
            return Standing(held=Held.UNREADABLE)
        if held is None:
            return Standing(held=Held.NOTHING)
        return Standing(held=Held.THE_SAME if held.value == reading.value.token else Held.ANOTHER)

    @override
    def store(self, reading: Reading[TokenInFile], *, replace: bool) -> None:
        found = reading.value
        self.line_ends.note(found.name, found.line_end)  # first: what is stored is not looked at again
        self.secrets.set(found.name, found.token.reveal(), expected_version=None if replace else 0)

    @override
    def is_stored(self, reading: Reading[TokenInFile], standing: Standing) -> bool:
        with self.fresh_secrets() as secrets:
            held: Secret | None = secrets.get(reading.value.name)
        return held is not None and held.value == reading.value.token


def _secret_name(ref: LegacyRef) -> str:
    if ref.logical == PENPOT_FILE:
        return PENPOT_TOKEN
    directory, _, agent = ref.logical.partition("/")
    if directory != TOKENS_DIRECTORY or not is_agent_name(agent):
        raise Malformed("the file's name is no agent name")
    return agent_token_name(agent)
