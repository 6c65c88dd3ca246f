"""Breaks the service on purpose, one way at a time, and shows that the laboratory turns red each time.

Run it by hand: `.venv/bin/python tests/integration/faults/mutations.py [WORD …]`; with words only the
mutations whose names contain one. It ends with 1 if a mutation survives, or if the laboratory is red without one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
HERE = "tests/integration/faults"
CUTS = f"{HERE}/test_power_cut.py::test_a_power_cut_at_any_moment_loses_nothing_and_the_next_start_settles_it"
KILLS = f"{HERE}/test_kill_sweep.py::test_a_kill_at_any_writing_call_loses_nothing_and_the_next_start_settles_it"
STAYS_REMOVED = f"{HERE}/test_power_cut.py::test_what_was_reported_as_removed_does_not_come_back_with_the_power"
READ_BACK = f"{HERE}/test_reading_back.py::test_what_does_not_read_back_keeps_its_file_and_is_not_called_imported"
TOGETHER = f"{HERE}/test_many_processes.py::test_of_eight_that_wait_together_one_imports_and_all_end_well"
CRASH_LOOP = f"{HERE}/test_crash_loop.py::test_crashes_at_each_start_leave_no_more_than_one_backup_too_many"

OPENING = "adapters/sql/opening.py"
MOVE_FILE = "app/usecases/move_file.py"
ATOMIC = "adapters/filesystem/atomic.py"

_FAILED_TESTS = 1  # pytest's exit code; others say that it could not even run them


@dataclass(frozen=True)
class Edit:
    """In one file `old`, which stands there exactly once, becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutation:
    """One way to break the service, and the test that must see it."""

    name: str
    test: str
    edits: tuple[Edit, ...]


NO_DIRECTORY_SYNC = Edit(
    "adapters/filesystem/legacy_removal.py",
    "    def _sync(self) -> None:\n        try:\n            sync_directory(self.directory)",
    "    def _sync(self) -> None:\n        try:\n            pass",
)

MUTATIONS = (
    Mutation(
        "synchronous=NORMAL",
        f"{CUTS}[012-gitlab]",
        (
            Edit(OPENING, "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL"),
            Edit(OPENING, "_FULL = 2", "_FULL = 1"),
        ),
    ),
    Mutation(
        "a rollback journal instead of the log",
        f"{CUTS}[change-master]",
        (
            Edit(OPENING, "PRAGMA journal_mode=WAL", "PRAGMA journal_mode=DELETE"),
            Edit(OPENING, 'journal == "wal"', 'journal == "delete"'),
        ),
    ),
    Mutation(
        "the new master key put in place before the data keys are wrapped",
        f"{KILLS}[change-master]",
        (
            Edit(
                "app/usecases/change_master_key.py",
                "            self._store(old, new, wrapped)\n",
                "            in_file = in_file and self.key_source.promote()\n"
                "            self._store(old, new, wrapped)\n",
            ),
        ),
    ),
    Mutation(
        "the new master key not staged",
        f"{KILLS}[change-master]",
        (
            Edit(
                "adapters/filesystem/key_source.py",
                "            write_durably(self._next, encode_master_key(key))\n",
                "            self._held = key\n",
            ),
            Edit(
                "adapters/filesystem/key_source.py",
                "        staged, place = self.staged(), self._place\n",
                "        staged, place = getattr(self, '_held', None) or self.staged(), self._place\n",
            ),
        ),
    ),
    Mutation(
        "a data key retired while a value names it",
        f"{KILLS}[rotate]",
        (
            Edit("adapters/sql/data_key_store.py", "if named is not None and named[0]:", "if False:"),
            Edit(
                "app/usecases/rotate_data_keys.py",
                "        resealed = self._seal_again(former)\n",
                "        [self.keys.retire(key.id) for key in former]\n        resealed = self._seal_again(former)\n",
            ),
        ),
    ),
    Mutation(
        "the file removed before its value is stored",
        f"{KILLS}[014-tokens]",
        (
            Edit(
                MOVE_FILE,
                "            migration.store(reading, replace",
                "            self.source.remove(ref, fingerprint)\n            migration.store(reading, replace",
            ),
            Edit(
                MOVE_FILE,
                "not self._store(migration, reading, standing, outcome)",
                "not self._store(migration, reading, standing, outcome, move.ref, file.fingerprint)",
            ),
            Edit(
                MOVE_FILE,
                "standing: Standing, outcome: Outcome\n",
                "standing: Standing, outcome: Outcome, ref, fingerprint\n",
            ),
        ),
    ),
    Mutation(
        "no sync of the directory after the removal",
        f"{STAYS_REMOVED}[014-tokens-nothing]",
        (NO_DIRECTORY_SYNC,),
    ),
    Mutation(
        "the same, seen by the ledger",
        f"{CUTS}[014-tokens]",
        (NO_DIRECTORY_SYNC,),
    ),
    *(
        Mutation(
            f"nothing read back ({number})",
            f"{READ_BACK}[{number}]",
            (Edit(MOVE_FILE, "return migration.is_stored(reading, standing)", "return True"),),
        )
        for number in ("012", "013", "014")
    ),
    Mutation(
        "the ledger written after the removal",
        f"{KILLS}[014-tokens]",
        (
            Edit(MOVE_FILE, "        self.ledger.record(\n", "        (\n"),
            Edit(
                MOVE_FILE,
                "        self.ledger.mark_removed(",
                "        self.ledger.record(LedgerEntry(migration_id=move.migration_id, file=move.ref.logical,"
                " digest=move.removal.digest, records=move.records, imported_at=self.clock.now()))\n"
                "        self.ledger.mark_removed(",
            ),
        ),
    ),
    Mutation(
        "the ledger says removed before it is so",
        f"{KILLS}[014-tokens]",
        (
            Edit(
                MOVE_FILE,
                "            self.source.remove(",
                "            self.ledger.mark_removed(move.migration_id, move.removal.digest, self.clock.now())\n"
                "            self.source.remove(",
            ),
        ),
    ),
    Mutation(
        "plain text inserted, then updated to cipher text",
        f"{KILLS}[014-tokens]",
        (
            Edit("adapters/sql/secret_store.py", '"sealed": sealed.blob', '"sealed": plaintext'),
            Edit(
                "adapters/sql/secret_store.py",
                "        return sealing_transaction(self._database, self._cipher, store)\n",
                "        version = sealing_transaction(self._database, self._cipher, store)\n"
                "        secret_id = self._find(self._database, name, None).id\n"
                "        sealed = self._cipher.seal(plaintext, _context(name, secret_id, version))\n"
                "        with self._database.transaction() as transaction:\n"
                '            transaction._connection.execute("UPDATE secret_version SET sealed = ?"\n'
                '                " WHERE secret_id = ? AND version = ?", (sealed.blob, secret_id, version))\n'
                "        return version\n",
            ),
        ),
    ),
    Mutation(
        "no backup before the first removal",
        f"{CUTS}[012-gitlab]",
        (
            Edit(
                "app/usecases/migrate.py",
                "self.backups.create(reason=Reason.MIGRATION, covers=tuple(pending)).file",
                "None",
            ),
        ),
    ),
    Mutation(
        "a backup named before it is synced",
        f"{CUTS}[012-gitlab]",
        (Edit("adapters/sql/backup_files.py", "        sync(partial)\n", ""),),
    ),
    Mutation(
        "the backup directory's own name not synced",
        f"{CUTS}[012-gitlab]",
        (Edit("adapters/sql/durable.py", "exist_ok=True)\n    sync(path.parent)", "exist_ok=True)"),),
    ),
    Mutation(
        "a backup named before its manifest",
        f"{CRASH_LOOP}[the manifest gets its name]",
        (
            Edit("adapters/sql/backup_files.py", "        self._write_manifest(backup)\n", ""),
            Edit(
                "adapters/sql/backup_files.py",
                "        partial.rename(self.path / backup.file)\n",
                "        partial.rename(self.path / backup.file)\n        self._write_manifest(backup)\n",
            ),
        ),
    ),
    Mutation(
        "a backup for every start",
        f"{CRASH_LOOP}[the first file goes]",
        (Edit("app/usecases/migrate.py", "if set(pending) <= covered:", "if not pending:"),),
    ),
    Mutation(
        "the removed file's bytes not archived",
        f"{CUTS}[012-gitlab]",
        (Edit(MOVE_FILE, "        self.archive.keep(file)\n", ""),),
    ),
    Mutation(
        "the master key not synced", f"{CUTS}[first-start]", (Edit(ATOMIC, "            os.fsync(descriptor)\n", ""),)
    ),
    Mutation(
        "the master key's directory not synced",
        f"{CUTS}[first-start]",
        (Edit(ATOMIC, "hardlink_to(temporary)\n    fsync_directory(path.parent)", "hardlink_to(temporary)"),),
    ),
    Mutation(
        "a restored file named before it is synced",
        f"{CUTS}[legacy-restore]",
        (Edit(ATOMIC, "            os.fsync(descriptor)\n", ""),),
    ),
    Mutation(
        "no lock",
        TOGETHER,
        (
            Edit(
                "adapters/filesystem/lock.py", "if not _acquired(descriptor, path, patience_ms, on_wait):", "if False:"
            ),
        ),
    ),
)


def main(words: list[str]) -> int:
    """Show that the laboratory is green as things are, then break them one by one. Returns the exit code."""
    mutations = [m for m in MUTATIONS if not words or any(word in m.name for word in words)]
    code, summary = _judged(Mutation("", "", ()), sorted({mutation.test for mutation in mutations}))
    _say("green" if code == 0 else "RED", "the source as it is", "" if code == 0 else summary)
    if code != 0:
        return 1
    survivors = 0
    for mutation in mutations:
        code, summary = _judged(mutation, [mutation.test])
        caught = code == _FAILED_TESTS
        survivors += not caught
        _say("caught" if caught else "SURVIVED", mutation.name, summary)
    _say(f"{len(mutations) - survivors} of {len(mutations)}", "mutations caught", "")
    return 1 if survivors else 0


def _judged(mutation: Mutation, tests: list[str]) -> tuple[int, str]:
    """Run `tests` against a copy of the source with the mutation in it."""
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        for edit in mutation.edits:
            _apply(edit, source)
        run = subprocess.run(
            [sys.executable, "-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests],
            cwd=ROOT,
            env={
                **os.environ,
                **_amount(tests),
                "PYTHONPATH": str(source),
                "FAULTS_SOURCE": str(source),
                "COLUMNS": "400",
            },
            check=False,
            capture_output=True,
            text=True,
        )
    lines = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR", "SKIPPED"))]
    return run.returncode, " ".join(line.partition(" - ")[2] or line for line in lines)


def _amount(tests: list[str]) -> dict[str, str]:
    """Every moment of the power cuts, which cost little; of the kills the sample that CI runs."""
    return {"FAULTS": "all"} if all(test.startswith(CUTS) for test in tests) else {}


def _apply(edit: Edit, source: Path) -> None:
    path = source / edit.file
    text = path.read_text()
    found = text.count(edit.old)
    if found != 1:
        raise SystemExit(f"{edit.file}: found {found} times, not once: {edit.old!r}")
    path.write_text(text.replace(edit.old, edit.new))


def _say(verdict: str, name: str, summary: str) -> None:
    sys.stdout.write(f"{verdict:>10}  {name}\n" + (f"{'':>12}{summary[:300]}\n" if summary else ""))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
