"""The drill for a compromise: which credentials there are, where each is revoked, and which were replaced since."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.usecases.open_tokens import open_tokens
from domain.audit import Action
from domain.errors import Conflict, Integrity
from domain.oauth import OAuthToken
from domain.ports import (
    Cipher,
    Clock,
    LastAct,
    LastActs,
    LegacyArchive,
    OAuthTokenStore,
    SecretHistory,
    SecretStore,
    SettingStore,
)
from domain.values import AGENT_TOKEN_PREFIX, PENPOT_TOKEN

BEGUN_AT = "drill_begun_at"
"""The entry of the settings table that holds when the drill began (ms UTC); not one of the settings."""

OPERATOR = "operator"
_DIGEST_KIND = "drill"
_PAGES = {
    "forgejo": "/user/settings/applications",
    "github": "/settings/applications",
    "gitlab": "/-/user_settings/applications",
    "penpot": "/#/settings/access-tokens",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A stored credential. Instants in ms UTC; what the audit log does not tell is None.

    `owner` is the agent, or the operator. `deleted` here, it is still good at its forge. `revoke_at` is
    the page on which its forge revokes it, None if we know of none. `replaced`: whether another value
    was set since the drill began; one that it had before does not count.
    """

    name: str
    kind: str
    owner: str
    written_at: int | None
    last_read_at: int | None
    last_read_by: str | None
    revoke_at: str | None
    replaced: bool
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What would be lost with the master key."""

    secrets: int
    oauth_tokens: int
    archived_files: int
    agents: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """`begun_at` is None while no drill is under way; nothing is ticked off then."""

    begun_at: int | None
    credentials: list[Credential]
    loss: Loss

    @property
    def left(self) -> int:
        """How many are still to be replaced."""
        return sum(not credential.replaced for credential in self.credentials)


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptSecret:
    """A secret, there or deleted, with its newest version and when that was written."""

    name: str
    version: int
    written_at: int
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """Looks at every store; shows no value, and so leaves no event. `forge_urls` are base URLs by forge, and Penpot's.

    What was written during the drill is opened and compared with what it was before.
    """

    secrets: SecretStore
    history: SecretHistory
    oauth_tokens: OAuthTokenStore
    archive: LegacyArchive
    last_acts: LastActs
    cipher: Cipher
    settings: SettingStore
    clock: Clock
    forge_urls: Mapping[str, str | None]

    def __call__(self) -> DrillReport:
        """Return how the drill stands."""
        begun = self.settings.all().get(BEGUN_AT)
        begun_at = None if begun is None else int(begun)
        secrets = self._secrets(begun_at)
        tokens = self._oauth_tokens(begun_at)
        living = [credential for credential in secrets if not credential.deleted]
        return DrillReport(
            begun_at=begun_at,
            credentials=[*secrets, *tokens],
            loss=Loss(
                secrets=len(living),
                oauth_tokens=len(tokens),
                archived_files=len(self.archive.contents()),
                agents=[credential.owner for credential in living if credential.name.startswith(AGENT_TOKEN_PREFIX)],
            ),
        )

    def begin(self) -> DrillReport:
        """Begin: what is written from now on is ticked off. Raises `Conflict` if one is under way."""
        if BEGUN_AT in self.settings.all():
            raise Conflict("a drill is under way already", advice="`strongroom secrets drill --end` ends it")
        self.settings.set(BEGUN_AT, str(self.clock.now()))
        return self()

    def end(self) -> DrillReport:
        """End the drill, and return how it stood. Raises `Conflict` if none is under way."""
        report = self()
        if not self.settings.unset(BEGUN_AT):
            raise Conflict("no drill is under way", advice="`strongroom secrets drill --begin` begins one")
        return report

    def _secrets(self, begun_at: int | None) -> list[Credential]:
        reads, rollbacks = self.last_acts.of(Action.SECRET_READ), self.last_acts.of(Action.SECRET_ROLLBACK)
        return [self._secret(kept, begun_at, reads.get(kept.name), rollbacks.get(kept.name)) for kept in self._kept()]

    def _kept(self) -> list[_KeptSecret]:
        there = [
            _KeptSecret(name=info.name, version=info.version, written_at=info.updated_at, deleted=False)
            for info in self.secrets.list()
        ]
        deleted = [
            _KeptSecret(name=known.name, version=known.version, written_at=known.created_at, deleted=True)
            for known in self.history.deleted()
        ]
        return sorted(there + deleted, key=lambda kept: kept.name)

    def _secret(
        self, kept: _KeptSecret, begun_at: int | None, read: LastAct | None, rolled_back: LastAct | None
    ) -> Credential:
        forge = "penpot" if kept.name == PENPOT_TOKEN else "forgejo"
        is_agents = kept.name.startswith(AGENT_TOKEN_PREFIX)
        is_new = begun_at is not None and kept.written_at >= begun_at
        is_old_again = rolled_back is not None and rolled_back.at >= kept.written_at
        return Credential(
            name=kept.name,
            kind="secret",
            owner=kept.name.removeprefix(AGENT_TOKEN_PREFIX) if is_agents else OPERATOR,
            written_at=kept.written_at,
            last_read_at=None if read is None else read.at,
            last_read_by=None if read is None else read.actor,
            revoke_at=self._page(forge) if is_agents or kept.name == PENPOT_TOKEN else None,
            replaced=begun_at is not None and is_new and not is_old_again and self._is_another(kept, begun_at),
            deleted=kept.deleted,
        )

    def _is_another(self, kept: _KeptSecret, begun_at: int) -> bool:
        """Tell whether the newest value is none of those before the drill; what cannot be opened is not taken for one.

        They are compared by their keyed hashes, which are stored nowhere.
        """
        newest = self._digest(kept.name, kept.version)
        before = (known.version for known in self.history.versions(kept.name) if known.created_at < begun_at)
        return newest is not None and all(self._digest(kept.name, version) != newest for version in before)

    def _digest(self, name: str, version: int) -> str | None:
        """Return a hash of a version's value; None if it is destroyed, has expired, or does not open."""
        try:
            found = self.history.get_version(name, version)
        except Integrity:
            return None
        return None if found is None else self.cipher.digest(_DIGEST_KIND, found.value.reveal().encode())

    def _oauth_tokens(self, begun_at: int | None) -> list[Credential]:
        reads, writes = self.last_acts.of(Action.OAUTH_READ), self.last_acts.of(Action.OAUTH_WRITE)
        return [
            self._oauth_token(forge, begun_at, _written_at(token, writes.get(forge)), reads.get(forge))
            for forge, token in open_tokens(self.oauth_tokens)
        ]

    def _oauth_token(
        self, forge: str, begun_at: int | None, written_at: int | None, read: LastAct | None
    ) -> Credential:
        return Credential(
            name=forge,
            kind="oauth",
            owner=OPERATOR,
            written_at=written_at,
            last_read_at=None if read is None else read.at,
            last_read_by=None if read is None else read.actor,
            revoke_at=self._page(forge),
            replaced=begun_at is not None and written_at is not None and written_at >= begun_at,
        )

    def _page(self, forge: str) -> str | None:
        url = self.forge_urls.get(forge)
        return None if url is None else url.rstrip("/") + _PAGES[forge]


def _written_at(token: OAuthToken | Integrity, write: LastAct | None) -> int | None:
    """Say when a token was written, as far as that is known. What we cannot open may still open doors."""
    if isinstance(token, OAuthToken) and token.updated_at is not None:
        return token.updated_at
    return None if write is None else write.at
