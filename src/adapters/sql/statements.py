"""SQL compiled once by SQLAlchemy from the table metadata, and run many times on the driver."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter

from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement's text, and how named parameters become the driver's.

    `order` names the parameters by place for drivers that count them (SQLite) and is None for those
    that name them. `constants` are values that stood in the statement itself.
    """

    sql: str
    order: tuple[str, ...] | None
    constants: Params

    def bind(self, params: Params) -> Sequence[object] | Params:
        """Return `params` in the form that the driver takes."""
        values = {**self.constants, **params} if self.constants else params
        return values if self.order is None else [values[name] for name in self.order]

    def bind_attributes(self, *names: str) -> Callable[[object], Sequence[object] | Params]:
        """Return a function that binds the attributes `names` of an object, for many rows of one type at speed."""
        if self.order is not None and set(self.order) == set(names):
            return attrgetter(*self.order)
        return lambda row: self.bind({name: getattr(row, name) for name in names})

    def bind_sequence(self, *names: str) -> Callable[[Sequence[object]], Sequence[object] | Params]:
        """Return a function that binds values, given in the order of `names`, for many rows at speed."""
        if self.order is not None and set(self.order) == set(names):
            return itemgetter(*map(names.index, self.order))
        return lambda values: self.bind(dict(zip(names, values, strict=True)))


def prepare(clause: ClauseElement, dialect: Dialect) -> Statement:
    """Compile `clause` for a dialect."""
    compiled = clause.compile(dialect=dialect)
    constants = {name: value for name, value in (compiled.params or {}).items() if value is not None}
    order = getattr(compiled, "positiontup", None)
    return Statement(str(compiled), None if order is None else tuple(order), constants)
