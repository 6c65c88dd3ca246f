"""The newest event on each subject, in one query of `audit_event`."""

from collections.abc import Mapping

from sqlalchemy import CTE, bindparam, func, select
from typing_extensions import override

from adapters.sql.database import Database
from adapters.sql.tables import audit_event as table
from domain.audit import Action
from domain.ports import LastAct, LastActs


class SqlLastActs(LastActs):
    """Goes from subject to subject in the index on subject and action, which ends in the sequence number.

    So it takes as long as there are subjects, however many events there are of each.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        of_action = table.c.action == bindparam("of_action")
        newest = select(func.max(table.c.sequence)).where(of_action)
        seen = select(table.c.subject, table.c.at, table.c.actor)
        one = newest.where(table.c.subject == bindparam("of_subject"))
        subjects = _subjects()
        each = newest.where(table.c.subject == subjects.c.subject).scalar_subquery()
        self._each = database.prepare(seen.where(table.c.sequence.in_(select(each).select_from(subjects))))
        self._one = database.prepare(seen.where(table.c.sequence == one.scalar_subquery()))

    @override
    def of(self, action: Action, *, subject: str | None = None) -> Mapping[str, LastAct]:
        asked = {"of_action": str(action)}
        if subject is None:
            rows = self._database.all(self._each, asked)
        else:
            rows = self._database.all(self._one, {**asked, "of_subject": subject})
        return {name: LastAct(at, actor) for name, at, actor in rows}


def _subjects() -> CTE:
    """Find every subject once: each is the smallest behind the one before."""
    subjects = select(func.min(table.c.subject).label("subject")).cte("subjects", recursive=True)
    following = select(func.min(table.c.subject)).where(table.c.subject > subjects.c.subject).scalar_subquery()
    return subjects.union_all(select(following).where(subjects.c.subject.is_not(None)))
