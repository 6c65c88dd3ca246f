"""Look at the mounts: what each holds, who has it, and what is not as it should be."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.usecases.mounts.feed import FeedMount
from domain.mounts import Delivery, Mount, Mounted, Reader, State, state_of
from domain.ports import Memory, MountWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a file holds, and whether that is the newest version."""

    delivery: Delivery
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MountView:
    """A mount and its containers. `mount` is None where a container has one that was closed, or never opened."""

    agent: str
    directory: str
    state: State
    mount: Mount | None
    receipts: tuple[Receipt, ...]
    readers: tuple[Reader, ...]

    def is_stale(self, reader: Reader) -> bool:
        """Tell whether a container may still use an older token."""
        return self.mount is not None and self.mount.is_stale(reader)

    @property
    def faults(self) -> list[str]:
        """Say what is not as it should be, in words for people."""
        found = [] if self.mount is None or self.mount.fault is None else [self.mount.fault]
        found += [
            f"{each.delivery.file} holds version {each.delivery.version}, which is not the newest"
            for each in self.receipts
            if not each.is_current
        ]
        return found + [fault for reader in self.readers if (fault := self._fault_of(reader))]

    def _fault_of(self, reader: Reader) -> str | None:
        who = f"process {reader.pid}" + (f" of container {reader.container}" if reader.container else "")
        match reader.mounted:
            case Mounted.FILE:
                return f"{who} mounts a single file, and reads the old token for ever: mount the directory"
            case Mounted.DELETED:
                return f"{who} mounts what is not there any more, and reads nothing: start it again"
        if self.mount is None:
            return f"{who} has a mount that is closed"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtMounts:
    """Reads no value, and changes nothing."""

    feed: FeedMount
    watch: MountWatch

    def __call__(self) -> list[MountView]:
        """Return every mount that is open, or lately was, or is in some container; sorted by agent."""
        readers = self.watch.readers()
        mounts = {mount.agent: mount for mount in self.feed.register.all()}
        agents = sorted({*mounts, *(reader.agent for reader in readers)})
        return [self._view(agent, mounts.get(agent), [r for r in readers if r.agent == agent]) for agent in agents]

    def memory(self) -> Memory | None:
        """Say in what the mounts are."""
        return self.feed.mounts.look()

    def stale(self, secret: str) -> list[Reader]:
        """Return the containers that may still use an older version of `secret`."""
        if not any(each.secret == secret for mount in self.feed.register.all() for each in mount.deliveries):
            return []
        views = [view for view in self() if view.mount and any(d.secret == secret for d in view.mount.deliveries)]
        return [reader for view in views for reader in view.readers if view.is_stale(reader)]

    def _view(self, agent: str, mount: Mount | None, readers: Sequence[Reader]) -> MountView:
        holders = self.watch.living(mount.holders) if mount else set()
        return MountView(
            agent=agent,
            directory=self.feed.mounts.directory(agent),
            state=state_of(mount, readers, living=holders),
            mount=mount,
            receipts=tuple(self._receipt(each) for each in mount.deliveries) if mount and mount.is_open else (),
            readers=tuple(readers),
        )

    def _receipt(self, delivery: Delivery) -> Receipt:
        info = self.feed.secrets.info(delivery.secret)
        return Receipt(delivery=delivery, is_current=info is not None and info.version == delivery.version)
