"""The jobs that the laboratory puts to the test. A new one is an entry in `JOBS`: a home, a command, invariants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.container.filing import directory_sink
from tests.integration.faults import invariants, key_jobs
from tests.integration.faults.homes import EVERYTHING, GITLAB, MODES, MTIME_NS, RESTORED, SESSIONS, TOKENS, Home

Check = Callable[[Home], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One command in one home.

    `build` makes a home ready in a new directory; `command` are the arguments of `strongroom`, in
    which `{home}` is the home's path. `at_once` judges what the fault left, before anything else
    starts; `afterwards` starts the service and judges what became of it.
    """

    name: str
    build: Callable[[Path], Home]
    command: tuple[str, ...]
    at_once: tuple[Check, ...]
    afterwards: tuple[Check, ...]

    def arguments(self, home: Home) -> list[str]:
        return [word.replace("{home}", str(home.root)) for word in self.command]


def fresh(files: Mapping[str, bytes], database: str = "state") -> Callable[[Path], Home]:
    """The old version's directories before the very first start."""

    def build(root: Path) -> Home:
        home = Home(root, files, database)
        home.lay_out()
        return home

    return build


def prepared(files: Mapping[str, bytes], database: str = "state") -> Callable[[Path], Home]:
    """A service that has a key and a schema; then the files appear."""

    def build(root: Path) -> Home:
        home = Home(root, files, database)
        Home(root, {}, database).lay_out()
        home.open().database().close()
        home.put_files()
        return home

    return build


def moved(root: Path) -> Home:
    """A service that has moved everything, so that all of it is in the archive."""
    home = fresh(EVERYTHING)(root)
    home.boot()
    return home


def returned(root: Path) -> Home:
    """The same, and the old files are back, as from a backup of the whole machine."""
    home = moved(root)
    home.put_files()
    return home


def what_was_put_back_is_whole(home: Home) -> None:
    """No file stands under its name with other bytes, another mode or another time than it had."""
    for name, content in home.files.items():
        path = home.root / RESTORED / name
        if path.exists():
            state = path.stat()
            assert path.read_bytes() == content, f"{name} was put back with other bytes"
            assert (state.st_mode & 0o7777, state.st_mtime_ns) == (MODES.get(name, 0o600), MTIME_NS), name


def it_can_be_put_back(home: Home) -> None:
    """Into a new directory, everything."""
    target = home.root / f"{RESTORED}-again"
    container = home.open()
    try:
        container.restore_legacy_files()(directory_sink(target))
    finally:
        container.database().close()

    for name, content in home.files.items():
        assert (target / name).read_bytes() == content


def a_start_writes_nothing(home: Home) -> None:
    home.boot()  # folds the log that a killed process left
    before = home.tree()
    outcomes, backup = home.boot()

    assert (outcomes, backup) == ({}, None)
    assert home.tree() == before


def _migration(name: str, build: Callable[[Path], Home], *further: Check) -> Job:
    return Job(
        name=name,
        build=build,
        command=("migrate", "--json"),
        at_once=(invariants.nothing_is_lost, invariants.a_removed_value_stays_dead, *further),
        afterwards=(invariants.it_converges,),
    )


_LEDGER = invariants.the_ledger_says_no_more_than_is_so


JOBS = (
    _migration("012-gitlab", prepared(GITLAB), _LEDGER),
    _migration("013-sessions", prepared(SESSIONS), _LEDGER),
    _migration("014-tokens", prepared(TOKENS), _LEDGER),
    _migration("first-start", fresh(EVERYTHING), _LEDGER),
    _migration("files-came-back", returned),
    Job(
        name="legacy-restore",
        build=moved,
        command=("legacy", "restore", f"{{home}}/{RESTORED}", "--json"),
        at_once=(what_was_put_back_is_whole, invariants.nothing_lies_in_the_clear),
        afterwards=(a_start_writes_nothing, invariants.it_is_settled, it_can_be_put_back),
    ),
    Job(
        name="rotate",
        build=key_jobs.keyed,
        command=("keys", "rotate", "--json"),
        at_once=(
            key_jobs.every_value_is_there,
            key_jobs.no_value_is_without_its_key,
            invariants.nothing_lies_in_the_clear,
        ),
        afterwards=(key_jobs.the_next_run_completes_the_rotation, a_start_writes_nothing),
    ),
    Job(
        name="change-master",
        build=key_jobs.keyed,
        command=("keys", "change-master", "--new-key-file", f"{{home}}/{key_jobs.NEW_KEY_FILE}", "--json"),
        at_once=(key_jobs.every_value_is_there, invariants.nothing_lies_in_the_clear),
        afterwards=(key_jobs.the_next_start_has_one_master_key, a_start_writes_nothing),
    ),
)

ELSEWHERE = (
    _migration("012-gitlab, database elsewhere", prepared(GITLAB, "data"), _LEDGER),
    _migration("013-sessions, database elsewhere", prepared(SESSIONS, "data"), _LEDGER),
    _migration("first-start, database elsewhere", fresh(EVERYTHING, "data"), _LEDGER),
)
"""The migrations again with the database in a directory in which no old file lies."""
