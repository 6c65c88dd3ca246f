"""Rotate the data key: make a new one, seal every value again under it, prove that, and retire the old one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from app.audit import current_actor
from app.usecases.verify_keys import opened
from domain.audit import Action
from domain.errors import Integrity, KeyRefused
from domain.keys import DataKey, KeyPurpose, KeyState, MasterKey
from domain.ports import AuditLog, Clock, Damage, DataKeyStore, KeySource, Lock, Progress, SealedRows

BATCH = 32
"""Rows that are stored together: more is a little faster, and makes readers wait, whose event is a write, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What a run did. `resumed`: it completed one that was begun before, and made no new key.

    `retired` names the old keys that nothing is sealed under any more, `kept` those that a damaged
    value still names. `values` were opened at the end, those in `damage` in vain.
    """

    new_key: str
    resumed: bool
    resealed: int
    duration_ms: int
    retired: tuple[str, ...]
    kept: tuple[str, ...]
    values: int
    damage: tuple[Damage, ...]

    @property
    def proof(self) -> list[str]:
        """Say in words what was counted and opened after the last value was sealed again."""
        return [
            *(f"0 values name the old key {key}; it is retired" for key in self.retired),
            *(f"the old key {key} stays: a damaged value names it" for key in self.kept),
            f"{opened(self.damage, self.values):,} of {self.values:,} values opened after it",
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    resealed: int = 0
    retired: tuple[str, ...] = ()
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateDataKeys:
    """Online: readers and writers go on. Killed at any moment it loses nothing, and the next run goes on from there.

    `lock` is one of its own, so that the service can start while a rotation runs.
    """

    keys: DataKeyStore
    rows: SealedRows
    key_source: KeySource
    create_sealing_key: Callable[[MasterKey, int], DataKey]
    lock: Lock
    audit: AuditLog
    clock: Clock
    progress: Progress

    def __call__(self) -> Rotation:
        """Complete a rotation that was begun before; if there is none, or only damaged values are left of it, make one.

        Raises `Busy` if another process is at it, `KeyRefused`, and `Conflict` if the master key is
        changed meanwhile.
        """
        with self.lock.hold(patience_ms=0):
            began = self.clock.now()
            finished = self._finish(self._former_keys())
            resumed = bool(finished.resealed or finished.retired)
            if not resumed:
                self._begin()
                finished = self._finish(self._former_keys())
            return Rotation(
                new_key=self._active().id,
                resumed=resumed,
                resealed=finished.resealed,
                duration_ms=self.clock.now() - began,
                retired=finished.retired,
                kept=tuple(key.id for key in self._former_keys()),
                values=sum(self.rows.count_by_key().values()),
                damage=finished.damage,
            )

    def _begin(self) -> None:
        master = self.key_source.load()
        if master is None:
            raise KeyRefused("the master key is gone from its place", advice="put it back; nothing was changed")
        active, new = self._active(), self.create_sealing_key(master, self.clock.now())
        with self.audit.atomic():
            self.keys.activate(new, instead_of=active.id)
            self.audit.record(current_actor(), Action.KEY_ROTATE, new.id, detail=f"instead of {active.id}")

    def _finish(self, former: Sequence[DataKey]) -> _Finished:
        """Empty the former keys; retire those that nothing names any more, once every value has been opened."""
        if not former:
            return _Finished()
        resealed = self._seal_again(former)
        damage = self.rows.verify(on_progress=partial(self.progress.report, "opening all values"))
        named = self.rows.count_by_key().keys() | {each.key_id for each in damage}
        empty = [key.id for key in former if key.id not in named]
        for key_id in empty:
            with self.audit.atomic():
                self.keys.retire(key_id)
                self.audit.record(current_actor(), Action.KEY_RETIRE, key_id, detail="no value names it any more")
        return _Finished(resealed=resealed, retired=tuple(empty), damage=tuple(damage))

    def _seal_again(self, former: Sequence[DataKey]) -> int:
        counts = self.rows.count_by_key()
        done, total = 0, sum(counts.get(key.id, 0) for key in former)
        for key in former:
            while sealed := self.rows.reseal(key.id, limit=BATCH):
                done += sealed
                self.progress.report("sealing again", min(done, total), total)
        self.progress.report("sealing again", total, total)
        return done

    def _former_keys(self) -> list[DataKey]:
        keys = self.keys.list()
        return [key for key in keys if key.purpose is KeyPurpose.SEAL and key.state is KeyState.DECRYPT_ONLY]

    def _active(self) -> DataKey:
        for key in self.keys.list():
            if key.seals_now:
                return key
        raise Integrity("there is no active data key", advice="restore the database from a backup")
