"""A whole home of the old version, moved into a real database by the service as it starts."""

import contextlib
import os
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from dependency_injector import providers

from adapters.memory import ManualClock
from app.boot import migrate, open_service, plan
from app.state import open_state
from domain.instants import DAY_MS
from tests.support.legacy_home import LOCK, build_legacy_home, close, disguises, listing, not_ours, plaintext_in

FILES = {"gitlab-oauth-token.json", "sessions.json", "penpot-token"} | {f"tokens/agent-{n:04d}" for n in range(3)}


@pytest.fixture
def home(tmp_path):
    return build_legacy_home(tmp_path / "home")


@pytest.fixture(autouse=True)
def _umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def start(home, **wishes):
    """Start the service, migrate, stop; returns the report."""
    container = open_service(home.settings())
    try:
        return migrate(container, **wishes)
    finally:
        close(container)


def outcomes(report):
    return {source.file: source.outcome.value for source in report.sources}


def contents(home, *, without=(LOCK,)):
    """Bytes and mtime of every file. The lock names its holder while it is held, so its times tell nothing."""
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in home.files() if p.name not in without}


def test_every_file_is_imported_and_gone(home):
    report = start(home)

    assert outcomes(report) == dict.fromkeys(FILES, "imported")
    assert not (home.state / "sessions.json").exists()
    assert not (home.state / "gitlab-oauth-token.json").exists()
    assert not (home.config / "penpot-token").exists()
    assert list((home.config / "tokens").iterdir()) == []
    assert (home.state / "backups" / report.backup).is_file()


def test_the_values_can_be_read_through_the_library(home):
    start(home)

    with open_state(state_dir=home.state, config_dir=home.config) as state:
        assert [state.secrets.get(info.name).value.reveal() for info in state.secrets.list()] == home.secrets[:4]
        assert state.oauth_tokens.get("gitlab").refresh_token.reveal() in home.secrets
        assert [s.key for s in state.sessions.list()] == sorted(home.session_keys)


def test_what_is_not_ours_is_untouched(home):
    before = not_ours(home)

    start(home)
    start(home)

    assert len(before) == 10
    assert not_ours(home) == before


def test_the_scan_finds_what_it_looks_for(home):
    for secret in home.secrets:
        for form in disguises(secret):
            (home.state / "probe").write_bytes(b"x" * 5 + form + b"y" * 7)
            assert ("probe", secret) in plaintext_in(home, [secret])


def test_no_value_stands_in_the_clear_in_any_file_while_the_service_runs_and_after(home):
    container = open_service(home.settings())
    migrate(container)
    container.secrets().set("agent_token:agent-0000", home.secrets[0] + "-rotated")
    container.secrets().delete("agent_token:agent-0001")
    names = {path.name for path in home.files()}
    while_running = plaintext_in(home, home.secrets)
    close(container)

    assert {"agents.db", "agents.db-wal"} <= names
    assert any(name.startswith("agents.db.bak-") for name in names)
    assert while_running == []
    assert plaintext_in(home, home.secrets) == []


def test_all_that_is_made_is_for_its_owner_only(home):
    before = set(home.root.rglob("*"))
    container = open_service(home.settings())
    report = migrate(container)
    made = {path: stat.S_IMODE(path.lstat().st_mode) for path in set(home.root.rglob("*")) - before}
    close(container)

    assert report.backup is not None
    assert {path.name: oct(mode) for path, mode in made.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}
    assert {"agents.db", "agents.db-wal", "agents.db-shm", "master.key", LOCK, "backups"} <= {p.name for p in made}


def test_directories_that_are_not_there_yet_are_made_for_their_owner_only(tmp_path):
    home = build_legacy_home(tmp_path / "elsewhere")
    settings = home.settings(state_dir=tmp_path / "new" / "state", config_dir=tmp_path / "new" / "config")

    close(open_service(settings))

    made = [tmp_path / "new", tmp_path / "new" / "state", tmp_path / "new" / "config"]
    assert [oct(stat.S_IMODE(path.stat().st_mode)) for path in made] == [oct(0o700)] * 3


def test_a_second_start_changes_no_byte_and_no_time_of_any_file(home):
    start(home)
    before = contents(home)

    report = start(home)

    assert report.sources == []
    assert contents(home) == before


def test_a_third_start_changes_nothing_either(home):
    start(home)
    start(home)
    before = contents(home)

    start(home)

    assert contents(home) == before


def test_files_that_stay_behind_cost_no_write_at_later_starts(home):
    (home.config / "tokens" / "agent-0001").write_bytes(b"two words")
    (home.config / "tokens" / "left.bak").write_bytes(b"tok")
    first = start(home)
    start(home)
    before = contents(home)

    third = start(home)

    assert len(first.attention) == len(third.attention) == 1
    assert contents(home) == before


def test_the_same_files_laid_back_are_known_and_go_again(home, tmp_path):
    start(home)
    again = build_legacy_home(tmp_path / "again")
    for path in ("state/sessions.json", "config/tokens/agent-0000", "state/gitlab-oauth-token.json"):
        (again.root / path).rename(home.root / path)

    report = start(home)

    assert set(outcomes(report).values()) == {"already_imported"}
    assert not (home.state / "sessions.json").exists()


@pytest.mark.parametrize("started", ["never", "once"])
def test_a_plan_writes_nothing_and_says_what_will_come(home, tmp_path, started):
    if started == "once":
        start(home)
        again = build_legacy_home(tmp_path / "again")
        (again.config / "penpot-token").rename(home.config / "penpot-token")
        (home.config / "tokens" / "new").write_bytes(b"tok-new\n")
    before = listing(home)

    planned = plan(home.settings())

    assert listing(home) == before
    assert planned.backup is None
    assert outcomes(planned) == outcomes(start(home))


def test_a_plan_on_a_home_without_any_directory_makes_none(tmp_path):
    home = build_legacy_home(tmp_path / "home")
    settings = home.settings(state_dir=tmp_path / "no" / "state", config_dir=tmp_path / "no" / "config")

    report = plan(settings)

    assert report.sources == []
    assert not (tmp_path / "no").exists()


def test_a_plan_while_the_database_is_in_use_reads_its_log_and_leaves_no_trace(home):
    start(home)
    with open_state(state_dir=home.state, config_dir=home.config) as running:
        running.secrets.set("agent_token:late", "tok-in-the-log")
        (home.config / "tokens" / "late").write_bytes(b"tok-in-the-log\n")
        assert (home.state / "agents.db-wal").stat().st_size > 0
        before = _but_for_the_owner_of_the_log(listing(home))

        report = plan(home.settings())

        assert _but_for_the_owner_of_the_log(listing(home)) == before
    assert outcomes(report) == {"tokens/late": "equal"}


def _but_for_the_owner_of_the_log(entries):
    """SQLite run by root gives every log that it opens to the owner of its database again, which moves its ctime."""
    by_root = os.geteuid() == 0
    return {name: facts[:-1] if by_root and name.endswith("-wal") else facts for name, facts in entries.items()}


def test_a_plan_beside_a_writer_in_mid_transaction_does_not_wait(home):
    start(home)
    with contextlib.closing(sqlite3.connect(home.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE data_key SET uses = uses + 1")

        report = plan(home.settings())

        writer.execute("ROLLBACK")
    assert report.sources == []


@pytest.fixture
def quick_disk(tmp_path):
    """A directory in memory where there is one: eight hundred commits wait for no disk there."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        yield Path(directory)


def test_a_large_home_is_moved(quick_disk):
    home = build_legacy_home(quick_disk / "large", agents=200, sessions=20_000)

    report = start(home)

    assert [source.records for source in report.sources if source.file == "sessions.json"] == [20_000]
    assert set(outcomes(report).values()) == {"imported"}
    assert len(report.sources) == 203
    with open_state(state_dir=home.state, config_dir=home.config) as state:
        assert state.sessions.count() == 20_000
        assert len(state.secrets.list()) == 201


def test_sessions_are_not_migrated_by_opening_the_library(home):
    with open_state(state_dir=home.state, config_dir=home.config) as state:
        assert state.sessions.count() == 0

    assert (home.state / "sessions.json").is_file()


@pytest.mark.parametrize(("days", "kept"), [(1, 0), (3, len(FILES))])
def test_the_archive_forgets_what_is_older_than_its_setting(home, days, kept):
    start(home)
    container = open_service(home.settings(archive_ttl_days=days))
    in_two_days = ManualClock(container.clock().now() + 2 * DAY_MS)
    container.clock.override(providers.Object(in_two_days))

    migrate(container)

    assert len(container.archive().list()) == kept
    close(container)
