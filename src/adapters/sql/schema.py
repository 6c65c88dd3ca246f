"""Which revision the schema is at, and the way to the newest. Alembic is imported only if there is a way to go."""

from pathlib import Path
from typing import Final

from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from domain.errors import DatabaseUnusable

REVISIONS: Final = ("0001", "0002", "0003", "0004")
"""Every schema revision of this version, oldest first; a test holds it against the `revisions` folder."""

HEAD: Final = REVISIONS[-1]
_SCRIPTS = Path(__file__).parent / "revisions"


def current(database: Database) -> str | None:
    """Return the revision that the database is at, None if it has no schema yet.

    Raises `DatabaseUnusable` if it was written by a newer version than this one.
    """
    found = revision(database)
    if found is not None and found not in REVISIONS:
        raise DatabaseUnusable(
            f"the database is newer than this version: its schema is {found}, the newest known here is {HEAD}",
            advice="run the version that upgraded it, or restore a backup from before; nothing was written",
        )
    return found


def revision(database: Database) -> str | None:
    """Return the revision that a database says it is at, whether this version knows it or not; None if it says none."""
    with database.connected() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def refuse_unknown(revision: str, what: str) -> None:
    """Raise `DatabaseUnusable` if this version does not know `revision`: `what` is newer, or is not ours."""
    if revision not in REVISIONS:
        raise DatabaseUnusable(
            f"{what} is of schema {revision}, which this version does not know: the newest known here is {HEAD}",
            advice="use the version that made it, or a newer one; nothing was written",
        )


def upgrade(database: Database) -> None:
    """Bring the schema to the newest revision, in one transaction; writes nothing if it is there."""
    if current(database) != HEAD:
        with database.connected() as connection:
            _run_alembic(connection)


def _run_alembic(connection: Connection) -> None:
    from alembic.config import Config  # noqa: PLC0415 - 300 ms that a start at head does not pay
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)

    def steps(revision, _context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - Alembic's callback
        return scripts._upgrade_revs(HEAD, revision)  # noqa: SLF001 - as alembic.command.upgrade does

    with EnvironmentContext(config, scripts, fn=steps, destination_rev=HEAD) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        event.listen(connection, "begin", _take_write_lock)
        with connection.begin():
            environment.run_migrations()


def _take_write_lock(connection: Connection) -> None:
    """Make the whole upgrade one transaction: SQLite's driver would begin none before DDL."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
