"""Look at the way in: is the key there, is it the right one, is the schema the newest."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.usecases.unlock import Unlock
from domain.doctor import SCHEMA, Check
from domain.errors import DatabaseUnusable, DomainError, KeyRefused
from domain.keys import MasterKey
from domain.ports import SchemaFacts

_START = "`strongroom serve` or any other command makes it ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What was found, and the key if the database can be opened with it."""

    checks: list[Check] = field(default_factory=list)
    key: MasterKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamineAccess:
    """Reads key and database as a start would, without writing."""

    unlock: Unlock

    def __call__(self) -> Access:
        """Return the checks; and the key, if there is a database of the newest schema that it opens."""
        try:
            facts, master = self.unlock.check()
        except DomainError as error:
            return Access(checks=[Check.of_error(_heading(error), error)])
        except OSError as error:
            return Access(checks=[Check.of_refusal("database", error)])
        ready = facts.is_current and facts.sealed_under
        return Access(checks=[*_key(facts, master), *_schema(facts)], key=master if ready else None)


def _heading(error: DomainError) -> str:
    if isinstance(error, KeyRefused):
        return "master key"
    return SCHEMA if isinstance(error, DatabaseUnusable) else "database"


def _key(facts: SchemaFacts, master: MasterKey | None) -> Iterator[Check]:
    if master is None:
        yield Check.warn("master key", "there is none yet, and nothing is sealed", advice=_START)
    else:
        yield Check.ok("master key", f"{master.fingerprint}, from {master.source}")
        if not facts.sealed_under:
            yield Check.warn("encryption", "nothing is sealed under this key yet", advice=_START)


def _schema(facts: SchemaFacts) -> Iterator[Check]:
    if not facts.exists:
        yield Check.warn(SCHEMA, "there is no database yet", advice=_START)
    elif not facts.is_current:
        yield Check.warn(SCHEMA, "it is older than this version", advice=_START)
    else:
        yield Check.ok(SCHEMA, "its version is the newest")
