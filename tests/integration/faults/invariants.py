"""What must hold after any fault, whatever it was."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import open_state
from domain.legacy.files import LegacyRef, Root
from tests.integration.faults.homes import GITLAB, RESTORED, SECRET_WORDS, SECRETS, SESSIONS, Home, short

GONE = {"imported", "already_imported", "equal", "superseded"}
"""The outcomes that say: the value is stored and the file removed."""

COVERED_BY = 2
"""How many backups there may be where one is needed: a crash may cost one that was not finished."""


PROMPT_S = 6
"""No start after a fault takes as long: it takes a tenth of a second, and SQLite gives up waiting after ten."""


class Lost(AssertionError):
    """A value is in neither place: what must never happen."""


def nothing_is_lost(home: Home) -> None:
    """Every value is in the database, or in its file with the same bytes; what is ours holds none in the clear."""
    gone = set(home.files) - home.present()
    nothing_lies_in_the_clear(home)
    if not gone:
        return
    with aside(home) as copy, open_state(**copy.settings) as state:
        missing = {file for file in gone if not holds(state, copy, file)}
    if missing:
        raise Lost(f"neither in the database nor in its file: {sorted(missing)}")
    a_backup_was_made(home)


def a_backup_was_made(home: Home) -> None:
    """Before the first file went there was a backup, and it is what its manifest says."""
    whole = []
    for path in home.backups():
        manifest = path.with_name(f"{path.name}.json")
        if manifest.exists() and path.exists():
            said = json.loads(manifest.read_bytes())
            assert hashlib.sha256(path.read_bytes()).hexdigest() == said["sha256"], (
                "a backup is not what its manifest says"
            )
            whole.append(said)
    assert any(said["verified"] and said["covers"] for said in whole), "a file is gone, and there is no backup"


def the_ledger_says_no_more_than_is_so(home: Home) -> None:
    """A file that the ledger calls removed is not there."""
    if not home.database_path.exists():
        return
    with aside(home) as copy, open_state(**copy.settings) as state:
        told = {entry.file for entry in state.container.ledger().entries() if entry.removed_at is not None}
    early = told & {short(name) for name in home.present()}

    assert not early, f"removed as the ledger says, and still there: {early}"


def a_removed_value_stays_dead(home: Home) -> None:
    """An administrator deletes what came from a file that is gone; the file comes back from a backup: it is no news."""
    gone = sorted(set(home.files) - home.present())
    if not gone:
        return
    with aside(home) as copy:
        with open_state(**copy.settings) as state:
            for file in gone:
                _delete(state, copy, file)
        copy.put_files()
        outcomes, _ = copy.boot()
        with open_state(**copy.settings) as state:
            risen = {file for file in gone if holds(state, copy, file)}

        assert not risen, f"deleted, and imported again from a returned file: {risen}"
        assert {outcomes[short(file)] for file in gone} == {"already_imported"}


def nothing_lies_in_the_clear(home: Home) -> None:
    """No file but the old ones, and what was put back on request, holds a secret."""
    for path in home.root.rglob("*"):
        name = str(path.relative_to(home.root))
        ours = not (name in home.files or name.startswith(RESTORED) or ".strongroom-" in path.name)
        if ours and path.is_file():
            leaked(path.read_bytes(), name)


def leaked(output: bytes, where: str) -> None:
    for word in SECRET_WORDS:
        assert word not in output, f"a secret in {where}"


def it_converges(home: Home) -> None:
    """One normal start settles everything, and the next writes nothing."""
    waiting = {short(name) for name in home.present()}
    begun = time.monotonic()
    outcomes, _ = home.boot()

    assert time.monotonic() - begun < PROMPT_S, "the start after the fault waited for something"
    assert set(outcomes.values()) <= GONE, outcomes
    assert waiting <= set(old_names(outcomes)), outcomes
    it_is_settled(home)
    before = home.tree()
    outcomes, backup = home.boot()

    assert (outcomes, backup) == ({}, None)
    assert home.tree() == before, "a second start wrote something"


def old_names(outcomes: dict[str, str]) -> Iterator[str]:
    """The names that the old version knew, for outcomes of files that a killed removal had set aside as well."""
    for name in outcomes:
        directory, slash, last = name.rpartition("/")
        aside, mark, _ = last.partition(".strongroom-")
        yield directory + slash + (aside.removeprefix(".") if mark else last)


def it_is_settled(home: Home) -> None:
    """Every value is in the database once, every file gone and archived byte for byte, and SQLite finds no fault."""
    left = [path.name for path in home.root.glob("*/**/*") if ".strongroom-" in path.name]
    assert not home.present(), "files remain"
    assert not left, "a removal left something aside"
    assert home.integrity() == "ok"
    with open_state(**home.settings) as state:
        assert all(holds(state, home, file) for file in home.files)
        assert state.sessions.count() == (5 if SESSIONS.keys() <= home.files.keys() else 0)
        infos = state.secrets.list()
        assert {info.name for info in infos} == {SECRETS[name][0] for name in home.files if name in SECRETS}
        assert {info.version for info in infos} <= {1}, "stored twice"
        assert {token.version for token in state.oauth_tokens.list()} <= {1}, "stored twice"
        assert sorted(e.file for e in state.container.ledger().entries()) == sorted(map(short, home.files))
        the_archive_is_whole(home, state.container.archived_files())
    nothing_lies_in_the_clear(home)
    assert 1 <= len(home.backups()) <= COVERED_BY, home.backups()
    unfinished = [path.name for path in home.backups() if not path.exists()]
    assert not unfinished, f"left of a backup that was not finished: {unfinished}"
    a_backup_was_made(home)


def the_archive_is_whole(home: Home, archive) -> None:
    refs = archive.list()
    assert {f"{ref.root.value}/{ref.path}" for ref in refs} == set(home.files)
    for name, content in home.files.items():
        root, _, path = name.partition("/")
        assert archive.read(LegacyRef(Root(root), path)).content == content, f"{name} is archived with other bytes"


def holds(state, home: Home, file: str) -> bool:
    """Tell whether the database holds what `file` said, decrypted."""
    if file in SECRETS:
        name, value = SECRETS[file]
        secret = state.secrets.get(name)
        return secret is not None and secret.value.reveal() == value
    if file in GITLAB:
        token = state.oauth_tokens.get("gitlab")
        said = json.loads(home.files[file])
        return token is not None and (token.access_token.reveal(), token.refresh_token.reveal()) == (
            said["access_token"],
            said["refresh_token"],
        )
    sessions = {session.key: session for session in state.sessions.list()}
    return all(
        key in sessions and (sessions[key].session_id, sessions[key].last_used_at) == (said["id"], said["last_used_at"])
        for key, said in json.loads(home.files[file]).items()
    )


def _delete(state, home: Home, file: str) -> None:
    if file in SECRETS:
        state.secrets.delete(SECRETS[file][0])
    elif file in GITLAB:
        state.oauth_tokens.delete("gitlab")
    else:
        for key in json.loads(home.files[file]):
            state.sessions.delete(key)


@contextmanager
def aside(home: Home) -> Iterator[Home]:
    """A copy to look into, so that looking changes nothing of what is judged."""
    place = Path(f"{home.root}.seen")
    try:
        yield home.copied_to(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
