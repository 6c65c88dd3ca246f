"""The homes and invariants of the jobs on backups: making, pruning, rehearsing and restoring them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app import open_state
from app.restoring import restore
from app.setting_sources import load_settings
from domain.backups import Reason, Retention
from domain.errors import DomainError
from tests.integration.faults.homes import Home
from tests.integration.faults.jobs import Job

TOKEN, KEY = "agent_token:reviewer", "forgejo:reviewer:acme/api:1"
THEN, NOW, NOTHING = ("tok-then", "then"), ("tok-now", "now"), (None, None)
NO_DATABASE = b"no database, but bytes that somebody may want " * 400
ITS_LOG = b"whatever this is" * 100
_NAME = "name"


@dataclass(frozen=True, kw_only=True)
class BackupJob(Job):
    """A job in whose command `{backup}` is the name of the backup that its home was built with."""

    def arguments(self, home: Home) -> list[str]:
        return [word.replace("{backup}", backup_of(home)) for word in self.command]


def backup_of(home: Home) -> str:
    return (home.root / _NAME).read_text()


def backed_up(root: Path) -> Home:
    """A service with a backup of the state THEN, whose state is NOW."""
    home = Home(root, {})
    home.lay_out()
    with open_state(**home.settings) as state:
        _write(state, THEN)
        (root / _NAME).write_text(state.container.backups().create().file)
        _write(state, NOW)
    return home


def with_four_backups(root: Path) -> Home:
    home = backed_up(root)
    with open_state(**home.settings) as state:
        for _ in range(3):
            state.container.backups().create()
    return home


def without_a_database(root: Path) -> Home:
    home = backed_up(root)
    home.database_path.unlink()
    return home


def with_what_is_no_database(root: Path) -> Home:
    """Something else stands in its place, with a log of its own."""
    home = backed_up(root)
    home.database_path.write_bytes(NO_DATABASE)
    home.database_path.with_name("agents.db-wal").write_bytes(ITS_LOG)
    return home


def it_is_as_it_was_or_as_it_was_saved(home: Home) -> None:
    held = _held(home)
    assert held in {THEN, NOW}, f"neither the one nor the other: {held}"
    assert home.integrity() == "ok"
    if held == THEN:
        what_was_replaced_is_kept(home)


def it_is_as_it_was(home: Home) -> None:
    assert _held(home) == NOW


def there_is_nothing_or_what_was_saved(home: Home) -> None:
    assert _held(home) in {NOTHING, THEN}


def what_was_there_lies_there_or_aside(home: Home) -> None:
    """Database and log of before are whole, under one of their two names each."""
    contents = [path.read_bytes() for path in (home.root / "state").iterdir() if path.is_file()]
    assert NO_DATABASE in contents, "the former database is gone"
    assert ITS_LOG in contents, "its log is gone"
    try:
        held = _held(home)
    except DomainError:
        assert home.database_path.read_bytes() == NO_DATABASE, "neither the one nor the other"
    else:
        assert held in {THEN, NOTHING}


def what_was_replaced_is_kept(home: Home) -> None:
    with open_state(**home.settings) as state:
        reasons = [backup.reason for backup in state.container.backups().list()]
    assert Reason.RESTORE in reasons, "what was there is gone"


def every_backup_that_is_listed_verifies(home: Home) -> None:
    """Each has its manifest, and the newest verified one is among them."""
    if home.database_path.exists() and home.database_path.read_bytes() == NO_DATABASE:
        return
    with open_state(**home.settings) as state:
        backups = state.container.unaudited_backups()
        listed = backups.list()
        for backup in listed:
            backups.verify(backup.file)
    assert any(backup.verified for backup in listed), "no verified backup is left"
    finished = {path.name for path in (home.root / "state/backups").iterdir() if path.name.count(".") == 2}
    assert finished == {backup.file for backup in listed}, "a backup has no manifest"


def the_next_restore_succeeds_and_clears_up(home: Home) -> None:
    restore(load_settings({"HOME": str(home.root)}, home.settings), backup_of(home))
    assert _held(home) == THEN
    _next_backup_clears_up(home)
    assert not list((home.root / "state").glob("agents.db.restoring*"))


def the_next_pruning_comes_to_its_end(home: Home) -> None:
    with open_state(**home.settings) as state:
        state.container.prune_backups()(Retention(last=1))
    _next_backup_clears_up(home)
    assert len(list((home.root / "state/backups").iterdir())) == 2 * 2


def the_next_rehearsal_succeeds_and_clears_up(home: Home) -> None:
    with open_state(**home.settings) as state:
        state.container.rehearse_restore()()
    assert not list((home.root / "state").glob("agents.db.rehearsal*"))


def _next_backup_clears_up(home: Home) -> None:
    with open_state(**home.settings) as state:
        state.container.backups().create()
    assert not list((home.root / "state/backups").glob("*.partial*"))
    every_backup_that_is_listed_verifies(home)


def _write(state, held: tuple[str, str]) -> None:
    token, session = held
    state.secrets.set(TOKEN, token)
    state.sessions.set(KEY, session)


def _held(home: Home) -> tuple[str | None, str | None]:
    with open_state(**home.settings) as state:
        token, session = state.secrets.get(TOKEN), state.sessions.get(KEY)
    return token and token.value.reveal(), session and session.session_id


_RESTORE = ("backup", "restore", "{backup}", "--confirm", "{backup}")


def _job(name: str, build: Callable[[Path], Home], command: tuple[str, ...], *at_once, then) -> BackupJob:
    return BackupJob(name=name, build=build, command=command, at_once=at_once, afterwards=(then,))


BACKUP_JOBS = (
    _job(
        "create",
        backed_up,
        ("backup", "create"),
        it_is_as_it_was,
        every_backup_that_is_listed_verifies,
        then=_next_backup_clears_up,
    ),
    _job(
        "prune",
        with_four_backups,
        ("backup", "prune", "--keep", "last=1"),
        it_is_as_it_was,
        every_backup_that_is_listed_verifies,
        then=the_next_pruning_comes_to_its_end,
    ),
    _job(
        "rehearse",
        backed_up,
        ("backup", "rehearse"),
        it_is_as_it_was,
        every_backup_that_is_listed_verifies,
        then=the_next_rehearsal_succeeds_and_clears_up,
    ),
    _job(
        "restore",
        backed_up,
        _RESTORE,
        it_is_as_it_was_or_as_it_was_saved,
        every_backup_that_is_listed_verifies,
        then=the_next_restore_succeeds_and_clears_up,
    ),
    _job(
        "restore-where-there-is-no-database",
        without_a_database,
        _RESTORE,
        there_is_nothing_or_what_was_saved,
        every_backup_that_is_listed_verifies,
        then=the_next_restore_succeeds_and_clears_up,
    ),
    _job(
        "restore-over-what-is-no-database",
        with_what_is_no_database,
        _RESTORE,
        what_was_there_lies_there_or_aside,
        then=the_next_restore_succeeds_and_clears_up,
    ),
)
