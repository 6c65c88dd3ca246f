"""Keep a forge's answer to a refresh: in the journal, then in the database; or give it back if it came too late."""

from contextlib import suppress
from dataclasses import dataclass, replace

from app.audit import current_actor
from app.usecases.oauth.registration import Registration
from domain.audit import Action
from domain.errors import DomainError, Integrity, VersionConflict
from domain.instants import SECOND_MS
from domain.oauth import OAuthClient, OAuthToken
from domain.ports import AnswerJournal, AuditLog, Clock, JournalledAnswer, OAuthTokenStore

_SAVE_FOR_MS = 5 * SECOND_MS
_SAVE_EVERY_MS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAnswer:
    """A refresh token that was given once is not given again. The caller holds the lease of the forge."""

    tokens: OAuthTokenStore
    journal: AnswerJournal
    registration: Registration
    audit: AuditLog
    clock: Clock

    def make_room(self, forge: str) -> None:
        """Make room for an answer before the forge is asked; raises `Unreachable`, and then it must not be."""
        self.journal.reserve(forge)

    def give_up_room(self, forge: str) -> None:
        """Take away the room, and what is in it."""
        with suppress(DomainError):  # what stays behind is an answer to a version that is gone, or none
            self.journal.clear(forge)

    def __call__(self, renewed: OAuthToken, client: OAuthClient, *, instead_of: int) -> OAuthToken:
        """Return `renewed` as it is stored, over the version `instead_of` and no other.

        Raises `VersionConflict` if another was stored meanwhile, and then it is given back; or what the
        database says if it does not take it for 5 seconds, and then the journal has it.
        """
        forge = renewed.forge_type
        with suppress(DomainError):  # the second net; the answer is still in our hands
            self.journal.write(forge, JournalledAnswer(renewed, instead_of))
        try:
            saved = self._save(renewed, instead_of)
        except VersionConflict:
            later = self._kept_by_another(renewed)
            if later is None:
                self._give_back(renewed, client)
                self.give_up_room(forge)
                raise
            saved = later
        self.give_up_room(forge)
        return saved

    def is_left_behind(self, forge: str) -> bool:
        """Tell whether an answer lies in the journal that can be saved."""
        return self._left_behind(forge) is not None

    def save_left_behind(self, forge: str) -> None:
        """Save an answer that was journalled and never saved; one that came too late is given back."""
        left = self._left_behind(forge)
        if left is None:
            return
        try:
            self._save(left.token, left.version)
        except VersionConflict:
            if self._kept_by_another(left.token) is None:
                with suppress(DomainError):
                    self._give_back(left.token, self.registration.client_of(left.token))
        self.journal.clear(forge)

    def _left_behind(self, forge: str) -> JournalledAnswer | None:
        try:
            return self.journal.read(forge)
        except Integrity:
            return None  # it was sealed for another database than this one

    def _kept_by_another(self, renewed: OAuthToken) -> OAuthToken | None:
        """Return the stored token if it is this very one.

        Another process may have saved it out of the journal, or a commit that was reported as failed was none.
        """
        later = self.tokens.get(renewed.forge_type)
        return later if later is not None and later.same_credentials(renewed) else None

    def _save(self, renewed: OAuthToken, version: int) -> OAuthToken:
        """Save over `version` alone, as often as it takes within 5 seconds; returns it with its own version."""
        give_up_at = self.clock.now() + _SAVE_FOR_MS
        while True:
            try:
                return self._saved(renewed, version)
            except VersionConflict:
                raise
            except DomainError:
                if self.clock.now() >= give_up_at:
                    raise
                self.clock.wait(_SAVE_EVERY_MS)

    def _saved(self, renewed: OAuthToken, version: int) -> OAuthToken:
        forge = renewed.forge_type
        with self.audit.atomic():
            saved = self.tokens.upsert(renewed, expected_version=version)
            self.audit.record(current_actor(), Action.OAUTH_REFRESH, forge, detail=f"version {saved}")
        return renewed.at_version(saved)

    def _give_back(self, renewed: OAuthToken, client: OAuthClient) -> None:
        """Revoke what came too late, so that no token lives that nobody keeps.

        By its access token: at GitHub the grant of the refresh token is that of a newer connection as well.
        """
        server = self.registration.servers[renewed.forge_type]
        if server.can_revoke:
            with suppress(DomainError):
                server.revoke(client, replace(renewed, refresh_token=None))
