"""Bring all mounts to where they should be: the loop that needs no event, and so survives every crash."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.audit import current_actor
from app.usecases.mounts.feed import FeedMount
from app.usecases.mounts.memory import give_back
from app.usecases.unlock import LOCK_PATIENCE_MS
from domain.audit import Action
from domain.errors import DomainError
from domain.mounts import LINGER_MS, Mount, Reader, advance, token_files
from domain.ports import Lock, MountWatch


@dataclass(slots=True, kw_only=True)
class Reconciled:
    """What was done, in words; what could not be done; and the processes whose end would change something."""

    acts: list[str] = field(default_factory=list)
    faults: list[DomainError] = field(default_factory=list)
    processes: set[str] = field(default_factory=set)
    lingering: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileMounts:
    """Judges by the processes there are. What one mount fails with keeps nothing from the others."""

    feed: FeedMount
    watch: MountWatch
    lock: Lock

    def __call__(self, *, thorough: bool = False) -> Reconciled:
        """Wipe what nobody has any more, deliver what is new, sweep what belongs to no mount.

        `thorough` compares every file with its secret. Raises `Busy`.
        """
        done = Reconciled()
        if not self.feed.register.all() and not self._may_hold_orphans(thorough=thorough):
            return done
        with self.lock.hold(patience_ms=LOCK_PATIENCE_MS):
            readers = self.watch.readers()
            kept = [self._settled(mount, readers, done, thorough=thorough) for mount in self.feed.register.all()]
            self._sweep([mount for mount in kept if mount is not None], done)
        return done

    def close_idle(self) -> None:
        """Give the memory back if nothing is open any more."""
        if self.feed.mounts.look() is not None:
            with self.lock.hold(patience_ms=LOCK_PATIENCE_MS):
                give_back(self.feed.mounts, self.feed.register, self.watch)

    def _may_hold_orphans(self, *, thorough: bool) -> bool:
        """Look for what a crash left only when asked to be thorough, as at a start: it takes a lock and a walk."""
        return thorough and self.feed.mounts.look() is not None

    def _settled(self, mount: Mount, readers: Sequence[Reader], done: Reconciled, *, thorough: bool) -> Mount | None:
        """Return the mount as it is now; None if it is not there any more."""
        mine = [reader for reader in readers if reader.agent == mount.agent]
        living = self.watch.living(mount.holders)
        after = advance(mount, mine, living=living, now=self.feed.clock.now(), linger_ms=LINGER_MS)
        done.processes.update(living, (reader.process for reader in mine))
        try:
            return self._brought(mount, after, done, thorough=thorough)
        except DomainError as error:
            done.faults.append(error)
            return after

    def _brought(self, before: Mount, after: Mount | None, done: Reconciled, *, thorough: bool) -> Mount | None:
        if after is None:
            self.feed.register.forget(before.agent)
            return None
        if not after.is_open:
            return self._ended(before, after, done)
        if after.left_at is not None:
            done.lingering.append(after.agent)
        is_back = not before.is_open
        if is_back:
            self.feed.audit.record(current_actor(), Action.MOUNT_OPEN, after.agent, detail="its container is back")
            done.acts.append(f"{after.agent}: its container is back")
        if after != before:
            self.feed.register.keep(after)
        fed = self.feed(after, thorough=thorough, refilling=is_back)
        done.acts += [f"{after.agent}: {change}" for change in fed.changes]
        done.faults += fed.failures
        return fed.mount

    def _ended(self, before: Mount, after: Mount, done: Reconciled) -> Mount:
        if before.is_open:
            self.feed.register.keep(after)
            self.feed.empty(before, "its last process has ended")
            done.acts.append(f"{after.agent}: ended, and its tokens are wiped")
        return after

    def _sweep(self, mounts: Iterable[Mount], done: Reconciled) -> None:
        keep = {mount.agent: list(token_files(mount.agent)) for mount in mounts if mount.is_open}
        try:
            swept = self.feed.mounts.sweep(keep)
        except DomainError as error:
            done.faults.append(error)
        else:
            done.acts += [f"{name}: belonged to no mount, and is wiped" for name in swept]
