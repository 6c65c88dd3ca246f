"""Remove the backups that are not kept any longer; never the last good one."""

from contextlib import suppress
from dataclasses import dataclass

from domain.backups import Retention
from domain.errors import NotFound
from domain.ports import BackupStore, Clock
from domain.retention import RetentionPlan, plan_retention


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneBackups:
    """By retention."""

    backups: BackupStore
    clock: Clock

    def __call__(self, retention: Retention, *, dry_run: bool = False) -> RetentionPlan:
        """Remove what `retention` does not keep; with `dry_run` say what would go.

        Before the first one goes, the newest verified backup is verified again, for it is the one that is
        relied on from then on. Raises what that raises, and then nothing is removed.
        """
        plan = plan_retention(self.backups.list(), retention, now=self.clock.now())
        if dry_run or not plan.removed:
            return plan
        newest = [kept.backup for kept in plan.kept if kept.backup.is_proof][-1:]
        for backup in newest:
            self.backups.verify(backup.file)
        for backup in plan.removed:
            with suppress(NotFound):  # another process was faster
                self.backups.remove(backup.file)
        return plan
