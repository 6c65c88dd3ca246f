"""What a check-up finds: one line a check, and what can be done about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from domain.errors import DomainError, Integrity, SchemaIncomplete

SCHEMA = "schema"
"""The check under which all that is missing in the database is told."""

INCOMPLETE = "stop the service, keep a copy of the files, and restore the newest backup"
"""What to do where the database is not whole."""


class Status(StrEnum):
    """How a check came out: well, with something to think about, or with something to mend."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check. `detail` says what was found and `advice` the next step, None where all is well.

    `code` is that of the error behind a failure, where there is one.
    """

    name: str
    status: Status
    detail: str
    advice: str | None = None
    code: str | None = None

    @classmethod
    def ok(cls, name: str, detail: str) -> Self:
        """All is well."""
        return cls(name=name, status=Status.OK, detail=detail)

    @classmethod
    def warn(cls, name: str, detail: str, *, advice: str) -> Self:
        """Something to think about."""
        return cls(name=name, status=Status.WARN, detail=detail, advice=advice)

    @classmethod
    def fail(cls, name: str, detail: str, *, advice: str | None, code: str | None = None) -> Self:
        """Something to mend."""
        return cls(name=name, status=Status.FAIL, detail=detail, advice=advice, code=code)

    @classmethod
    def of_error(cls, name: str, error: DomainError) -> Self:
        """A check that could not be made, or that an error answers. A table that is missing is told as that."""
        if not isinstance(error, SchemaIncomplete):
            return cls.fail(name, error.message, advice=error.advice, code=error.code)
        missing = f"the {error.missing} is missing"
        detail = missing if name == SCHEMA else f"{name} could not be looked at: {missing}"
        return cls.fail(SCHEMA, detail, advice=INCOMPLETE, code=error.code)

    @classmethod
    def of_refusal(cls, name: str, error: OSError) -> Self:
        """A check that the operating system did not let us make."""
        detail = f"{error.filename or 'a file'} cannot be looked at: {error.strerror or type(error).__name__}"
        return cls.fail(name, detail, advice="check the permissions of its directory, and whose it is", code="failure")

    @property
    def finds_damage(self) -> bool:
        """Tell whether the failure is about the key or a stored value."""
        return self.status is Status.FAIL and self.code in _DAMAGE


def worst(checks: Iterable[Check]) -> Status:
    """Return the status of the worst check; ok if there is none."""
    found = {check.status for check in checks}
    return next((status for status in (Status.FAIL, Status.WARN) if status in found), Status.OK)


def examined(name: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    """Return the checks of `look`; if an error ends it, that is what was found under `name`.

    One of the operating system, too: a check-up is made when things are not as they should be.
    """
    checks: list[Check] = []
    try:
        checks += look()
    except DomainError as error:
        checks.append(Check.of_error(name, error))
    except OSError as error:
        checks.append(Check.of_refusal(name, error))
    return checks


def _codes(kind: type[Integrity]) -> set[str]:
    return {kind.code, *(code for below in kind.__subclasses__() for code in _codes(below))}


_DAMAGE = frozenset(_codes(Integrity))
