"""Real file systems that are small, full, read-only or that refuse to let a file go. Root only: they are mounted."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.faults.homes import EVERYTHING, GITLAB, SESSIONS, TOKENS, Home, program, short
from tests.integration.faults.invariants import it_converges, it_is_settled, leaked, nothing_is_lost
from tests.integration.faults.jobs import fresh, prepared

KIB = 1_024
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")


@contextmanager
def mounted(directory: Path, *options: str):
    """Mount something on `directory` for a `with` block."""
    done = subprocess.run(["mount", *options, str(directory)], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("mounting is not allowed here: the container needs SYS_ADMIN")
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)


@contextmanager
def immutable(path: Path):
    done = subprocess.run(["chattr", "+i", str(path)], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("this file system knows no immutable files")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)


def ran(home: Home) -> tuple[int, dict[str, str]]:
    """Migrate; returns the exit code and the outcome of each source, and looks for secrets in the output."""
    ended = subprocess.run(
        program("migrate", "--json"), env=home.environment, capture_output=True, check=False, timeout=60
    )
    leaked(ended.stdout + ended.stderr, "the output")
    assert b"Traceback" not in ended.stderr
    said = json.loads(ended.stdout)
    sources = [source for migration in said.get("migrations", []) for source in migration["sources"]]
    return ended.returncode, {source["file"]: source["outcome"] for source in sources}


@pytest.mark.parametrize("kib", [64, 256, 400, 512, 1_024, 1_536])
def test_a_disk_that_runs_full_keeps_every_file_and_with_room_all_is_settled(kib, place):
    home = Home(place / "home", EVERYTHING)
    (home.root / "state").mkdir(parents=True)
    with mounted(home.root / "state", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs"):
        home.lay_out()
        code, _ = ran(home)
        assert code in {1, 3}
        assert home.present() == set(home.files), "there is no room for a backup, so no file may go"
        nothing_is_lost(home)
        subprocess.run(["mount", "-o", "remount,size=16m", str(home.root / "state")], check=True)
        it_converges(home)


def test_a_full_disk_for_backups_keeps_every_file_until_there_is_room(place):
    home = fresh(EVERYTHING)(place / "home")
    backups = home.root / "state" / "backups"
    backups.mkdir(mode=0o700)
    with mounted(backups, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        code, outcomes = ran(home)

        assert (code, set(outcomes.values())) == (3, {"deferred"})
        assert home.present() == set(home.files)
    it_converges(home)


def test_files_on_a_read_only_mount_are_imported_and_called_remaining_at_each_start(place):
    home = prepared({**TOKENS, **GITLAB})(place / "home")
    tokens = home.root / "config" / "tokens"
    with mounted(tokens, "--bind", "-o", "ro", str(tokens)):
        first, second = ran(home), ran(home)
        before = home.tree()
        third = ran(home)
        remain = {short(name): "source_remains" for name in home.files if "tokens/" in name}

        assert first == (3, {**remain, "gitlab-oauth-token.json": "imported", "penpot-token": "imported"})
        assert second == third == (3, remain)
        assert home.tree() == before, "a file that cannot be removed costs a write at each start"
        nothing_is_lost(home)
    home.boot()
    it_is_settled(home)


@pytest.fixture
def on_disk(tmp_path):
    """A place that is no tmpfs, which knows no immutable files."""
    yield tmp_path / "home"
    subprocess.run(["chattr", "-R", "-i", str(tmp_path)], check=False, capture_output=True)


@pytest.mark.parametrize("what", ["config/tokens/reviewer", "config/tokens"])
def test_what_is_immutable_is_imported_and_called_remaining(what, on_disk):
    if shutil.which("chattr") is None:
        pytest.skip("chattr is missing: apt-get install e2fsprogs")
    home = prepared(TOKENS)(on_disk)
    with immutable(home.root / what):
        code, outcomes = ran(home)
        kept = {short(name) for name in home.files if name.startswith(what)}

        assert code == 3
        assert {file for file, outcome in outcomes.items() if outcome == "source_remains"} == kept
        assert {short(name) for name in home.present()} == kept
        nothing_is_lost(home)
    home.boot()
    it_is_settled(home)


def test_a_file_that_is_itself_a_mount_is_imported_and_remains(place):
    home = prepared(TOKENS)(place / "home")
    token = home.root / "config" / "penpot-token"
    with mounted(token, "--bind", str(token)):
        _, outcomes = ran(home)

        assert outcomes["penpot-token"] == "source_remains"
        nothing_is_lost(home)
    home.boot()
    it_is_settled(home)


def test_a_state_directory_that_cannot_be_written_to_changes_nothing(place):
    home = fresh(SESSIONS)(place / "home")
    with mounted(home.root / "state", "--bind", "-o", "ro", str(home.root / "state")):
        code, _ = ran(home)

        assert code == 1
        assert home.present() == set(home.files)
    it_converges(home)
