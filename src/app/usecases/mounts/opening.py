"""Open a mount, close it, and let go of one that was held."""

from contextlib import suppress
from dataclasses import dataclass, replace

from app.audit import current_actor
from app.usecases.mounts.feed import FeedMount
from app.usecases.mounts.memory import give_back
from app.usecases.read_secret import ReadSecret
from app.usecases.unlock import LOCK_PATIENCE_MS
from domain.audit import Action
from domain.errors import Conflict, DomainError, NotFound
from domain.mounts import Mount, Owner, advance, token_files
from domain.ports import Lock, MountWatch
from domain.values import agent_token_name


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedMount:
    """What to bind into the container, and what is in it."""

    agent: str
    directory: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMount:
    """Fills a directory in memory with the tokens of an agent. All of it or, if something fails, none."""

    feed: FeedMount
    read: ReadSecret
    watch: MountWatch
    lock: Lock

    def __call__(self, agent: str, owner: Owner, *, held: bool = False) -> OpenedMount:
        """Return what to bind. It is kept for a process that mounts it; `held`, for as long as this one lives.

        Raises `NotFound` if the agent has no token, `Integrity`, `Conflict` if it is open for another owner,
        `MountRefused` and `DeliveryFailed`; then nothing is there that was not before.
        """
        with self.lock.hold(patience_ms=LOCK_PATIENCE_MS):
            self._require_token(agent)
            memory = self.feed.mounts.prepare()
            before = self.feed.register.find(agent)
            if before is not None and before.is_open and before.owner != owner:
                raise Conflict(
                    f"the mount of {agent} is open for the user {before.owner.uid}",
                    advice=f"open it for that user, or `strongroom mounts close {agent}` first",
                )
            mount = self._entered(agent, owner, before, held=held)
            try:
                self._filled(mount, f"for the user {owner.uid}, in {memory.filesystem}")
            except BaseException:
                self._undo(mount, before)
                raise
        files = tuple(token_files(agent))
        return OpenedMount(agent=agent, directory=self.feed.mounts.directory(agent), files=files)

    def _require_token(self, agent: str) -> None:
        try:
            self.read(agent_token_name(agent))
        except NotFound as error:
            raise NotFound(
                f"{agent} has no token to mount: {error.message}",
                advice=f"`strongroom agents rotate-token {agent}` stores one",
            ) from error

    def _entered(self, agent: str, owner: Owner, before: Mount | None, *, held: bool) -> Mount:
        """Enter the mount, before a secret is read: who changes one from here on finds it, and refreshes it."""
        now = self.feed.clock.now()
        mount = before or Mount(agent=agent, owner=owner, opened_at=now)
        if not mount.is_open:
            mount = replace(mount, owner=owner, opened_at=now, ended_at=None)
        holders = (*mount.holders, self.watch.myself()) if held else mount.holders
        awaited_since = mount.awaited_since if held else now
        mount = replace(mount, holders=holders, awaited_since=awaited_since, left_at=None)
        self.feed.register.keep(mount)
        return mount

    def _filled(self, mount: Mount, detail: str) -> None:
        self.feed.audit.record(current_actor(), Action.MOUNT_OPEN, mount.agent, detail=detail)
        for failure in self.feed(mount, thorough=True).failures:
            raise failure

    def _undo(self, mount: Mount, before: Mount | None) -> None:
        if before is None or not before.is_open:
            with suppress(DomainError):  # why it could not be opened is what is told; what is left is swept
                self.feed.empty(mount, "it could not be opened")
        if before is not None:
            self.feed.register.keep(before)
        else:
            self.feed.register.forget(mount.agent)
            give_back(self.feed.mounts, self.feed.register, self.watch)


_LET_GO = "what held it has ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseMount:
    """Wipes what is in a mount, whoever still has it."""

    feed: FeedMount
    watch: MountWatch
    lock: Lock

    def __call__(self, agent: str) -> bool:
        """Close the mount of `agent`; tells whether it was there. Raises `DeliveryFailed`: then it is tried again."""
        with self.lock.hold(patience_ms=LOCK_PATIENCE_MS):
            mount = self.feed.register.find(agent)
            if mount is None:
                return False
            self._end(mount, "closed")
        return True

    def let_go(self, agent: str) -> None:
        """End the holding of this process; if nobody else has the mount, it is closed.

        One that a container had stays entered: its runtime may just be about to begin it again.
        """
        with self.lock.hold(patience_ms=LOCK_PATIENCE_MS):
            mount = self.feed.register.find(agent)
            if mount is None:
                return
            kept = self._without_me(mount)
            if kept is None or not (kept.is_open or kept.was_read):
                self._end(mount, _LET_GO)
                return
            self.feed.register.keep(kept)
            if not kept.is_open:
                self.feed.empty(kept, _LET_GO)

    def _without_me(self, mount: Mount) -> Mount | None:
        """Say how the mount stands without this process, which nobody begins again: it does not linger."""
        rest = list(mount.holders)
        if self.watch.myself() in rest:
            rest.remove(self.watch.myself())
        return advance(
            replace(mount, holders=tuple(rest)),
            [reader for reader in self.watch.readers() if reader.agent == mount.agent],
            living=self.watch.living(rest),
            now=self.feed.clock.now(),
            linger_ms=0,
        )

    def _end(self, mount: Mount, reason: str) -> None:
        """Forget it whatever happens: what could not be wiped belongs to no mount then, and is swept."""
        try:
            self.feed.empty(mount, reason)
        finally:
            self.feed.register.forget(mount.agent)
        give_back(self.feed.mounts, self.feed.register, self.watch)
