"""What the contract does not say of sessions in a file: the format, and files that others wrote."""

import json
import stat

import pytest

from adapters.filesystem import FileSessionStore
from adapters.memory import ManualClock
from domain.errors import DatabaseUnusable, Integrity

KEY = "forgejo:reviewer:acme/api:42"
NOW = ManualClock().now()
BAD_RECORD = {"id": "first"}
GOOD_RECORD = {"id": "first", "lastUsedAt": "2026-11-24T09:30:00Z"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "sessions.json"


@pytest.fixture
def store(path):
    return FileSessionStore(path, ManualClock())


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def test_a_missing_file_is_an_empty_store_and_stays_missing(store, path):
    assert store.list() == []
    assert store.delete(KEY) is False
    assert store.prune_stale(NOW) == 0
    assert store.put_many([]) == 0

    assert not path.parent.exists()


def test_the_file_has_the_old_format_and_is_private(store, path):
    store.set("gitlab:reviewer:ünï/code:1", "ид")

    assert path.read_bytes().decode() == (
        "{\n"
        '  "gitlab:reviewer:ünï/code:1": {\n'
        '    "id": "ид",\n'
        f'    "last_used_at": {NOW},\n'
        f'    "created_at": {NOW}\n'
        "  }\n"
        "}\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_deleting_the_last_session_leaves_an_empty_object(store, path):
    store.set(KEY, "first")
    store.delete(KEY)

    assert json.loads(path.read_bytes()) == {}


def test_the_old_spellings_are_read(store, path):
    write(path, {KEY: GOOD_RECORD})

    assert store.get(KEY).last_used_at == store.get(KEY).created_at == 1_795_512_600_000


@pytest.mark.parametrize("content", [b"", b"\x00" * 8, b"{", b"[]", b'{"a": 1, "a": 2}', b"\xff"])
def test_a_malformed_file_is_told_and_not_overwritten(store, path, content):
    write(path, content)

    with pytest.raises(Integrity, match=r"sessions\.json"):
        store.get(KEY)
    with pytest.raises(Integrity, match=r"sessions\.json"):
        store.set(KEY, "first")

    assert path.read_bytes() == content


def test_a_malformed_record_is_passed_over_and_never_lost(store, path):
    write(path, {KEY: GOOD_RECORD, "nonsense": BAD_RECORD})
    before = path.read_bytes()

    assert store.get(KEY).session_id == "first"
    with pytest.raises(Integrity, match="nonsense"):
        store.set(KEY, "second")

    assert path.read_bytes() == before


def test_what_changes_nothing_writes_nothing(store, path):
    store.set(KEY, "first")
    before = path.stat()

    store.put_many(store.list())
    store.prune_stale(NOW)
    store.delete("github:reviewer:acme/api:1")

    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_link_is_no_store(store, path, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"{}")
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Integrity, match="not a regular file"):
        store.count()


def test_a_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "state").write_bytes(b"")

    with pytest.raises(DatabaseUnusable):
        FileSessionStore(tmp_path / "state" / "sessions.json", ManualClock()).set(KEY, "first")
