"""What tables are made of: the metadata, column types, and sealed columns, whose `info` says what they are bound to."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Text,
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What a sealed column's values are bound to: its kind and field, and the columns of row uuid and version.

    For people, `shown` says what a value belongs to, with the words `{name}` and `{version}`, and
    `named_by` where the name stands: `table.column`, of this table or of one that it refers to.
    """

    kind: str
    field: str
    row_id: str
    version: str
    shown: str = "{name}, version {version}"
    named_by: str | None = None


def sealed(name: str, binding: Binding, *, nullable: bool = False) -> Column[bytes]:
    """Declare a column of sealed values; verification and rotation find it by this."""
    return Column(name, LargeBinary, nullable=nullable, info={"binding": binding})


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

WHOLE = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit integer; SQLite's STRICT tables know only the name INTEGER."""

# Keys sort by code point everywhere, as SQLite's BINARY and Python's `sorted` do.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
