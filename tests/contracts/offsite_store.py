"""What every store of off-site copies does."""

import hashlib
import io

import pytest

from domain.errors import Conflict, Integrity, Invalid, NotFound
from tests.support.made_backups import a_backup

FILE = "agents.db.bak-20261124T120000Z"
LATER = "agents.db.bak-20261125T120000Z-2"
CONTENT = b"SQLite format 3\0" + bytes(range(256)) * 1_024
"""Four chunks of age, and one more that is not full."""


def described(content=CONTENT, file=FILE):
    return a_backup(file=file, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def push(store, content=CONTENT, file=FILE):
    return store.push(described(content, file), io.BytesIO(content))


def fetched(store, identities=(), file=FILE):
    into = io.BytesIO()
    store.fetch(file, into, identities)
    return into.getvalue()


class Failing(io.RawIOBase):
    """A file of this machine whose disk gives up after some bytes."""

    def __init__(self, after=100_000):
        self.left = after

    def read(self, size=-1):
        return b"x" * self._spent(size if size >= 0 else self.left + 1)

    def write(self, data):
        return self._spent(len(data))

    def _spent(self, size):
        self.left -= size
        if self.left < 0:
            raise OSError(5, "our disk is broken")
        return size


class OffsiteStoreContract:
    """Subclasses override `shelf`: an empty place, its stores, and what lies there by name.

    `plain` and `sealed` are stores on it, the second one encrypting for `identity`.
    """

    @pytest.fixture
    def shelf(self):
        raise NotImplementedError

    @pytest.fixture(params=["plain", "sealed"])
    def store(self, request, shelf):
        return getattr(shelf, request.param)

    @pytest.fixture
    def keys(self, store, shelf):
        return [shelf.identity] if store is shelf.sealed else []

    def test_at_first_nothing_is_there(self, shelf):
        assert shelf.plain.list() == []
        for look in (shelf.plain.manifest, lambda file: fetched(shelf.plain, file=file)):
            with pytest.raises(NotFound):
                look(FILE)

    @pytest.mark.parametrize("length", [1, 65_535, 65_536, 131_072, len(CONTENT)])
    def test_what_was_pushed_comes_back(self, store, keys, length):
        content = CONTENT[:length]
        push(store, content)

        assert store.manifest(FILE, keys) == described(content)
        assert fetched(store, keys) == content

    def test_a_copy_is_listed_with_what_it_takes_there(self, shelf, store):
        copies = [push(store, b"second", LATER), push(store)]

        assert store.list() == copies[::-1]
        for copy in copies:
            suffix = ".age" if copy.is_encrypted else ""
            assert copy.bytes == len(shelf.content(copy.file + suffix))

    def test_a_copy_is_two_files(self, shelf):
        push(shelf.plain)
        assert shelf.names() == {FILE, f"{FILE}.json"}
        assert shelf.content(FILE) == CONTENT

    def test_an_encrypted_one_says_nothing_there(self, shelf):
        push(shelf.sealed)
        assert shelf.names() == {f"{FILE}.age", f"{FILE}.json.age"}

    def test_pushing_again_leaves_what_is_there(self, shelf, store):
        first = push(store)
        before = {name: shelf.content(name) for name in shelf.names()}

        assert push(store) == first
        assert {name: shelf.content(name) for name in shelf.names()} == before

    @pytest.mark.parametrize("other", [CONTENT + b"more", CONTENT[:-70_000]])
    def test_another_backup_of_that_name_is_not_replaced(self, shelf, store, keys, other):
        push(store)
        with pytest.raises(Conflict):
            push(store, other)

        assert fetched(store, keys) == CONTENT

    def test_another_backup_of_that_name_and_length_is_not_replaced(self, shelf):
        push(shelf.plain)
        with pytest.raises(Conflict):
            push(shelf.plain, CONTENT[::-1])

        assert fetched(shelf.plain) == CONTENT

    def test_other_bytes_than_the_manifest_describes_become_no_copy(self, shelf, store):
        with pytest.raises(Integrity):
            store.push(described(), io.BytesIO(CONTENT[:-1]))

        assert store.list() == []
        assert shelf.names() == set()

    @pytest.mark.parametrize("missing", ["", ".json"])
    def test_half_a_copy_is_none_and_the_next_push_mends_it(self, shelf, store, keys, missing):
        push(store)
        suffix = ".age" if keys else ""
        shelf.remove(FILE + missing + suffix)

        assert store.list() == []
        with pytest.raises(NotFound):
            store.manifest(FILE, keys)
        with pytest.raises(NotFound):
            fetched(store, keys)

        push(store)
        assert fetched(store, keys) == CONTENT

    def test_foreign_files_are_passed_over_and_left(self, shelf, store):
        foreign = {"notes.txt", "notes.txt.json", "agents.db", "agents.db.json", f"{FILE}.old", f"{FILE}.json.gz"}
        for name in foreign:
            shelf.put(name, b"not ours")
        copy = push(store)

        assert store.list() == [copy]
        assert {name: shelf.content(name) for name in foreign} == dict.fromkeys(foreign, b"not ours")

    @pytest.mark.parametrize("name", ["notes.txt", f"../{FILE}", f"other/{FILE}", "", f"{FILE}\n", f"{FILE}.partial"])
    def test_what_is_not_the_name_of_a_backup_is_neither_pushed_nor_found(self, shelf, store, name):
        with pytest.raises(Invalid):
            push(store, file=name)
        with pytest.raises(NotFound):
            store.manifest(name)
        with pytest.raises(NotFound):
            fetched(store, file=name)

        assert shelf.names() == set()

    @pytest.mark.parametrize("which", [(), ("other_identity",)])
    def test_without_its_identity_an_encrypted_copy_is_not_opened(self, shelf, which):
        push(shelf.sealed)
        identities = [getattr(shelf, name) for name in which]

        with pytest.raises(Invalid):
            shelf.plain.manifest(FILE, identities)
        with pytest.raises(Invalid):
            fetched(shelf.plain, identities)

    def test_one_of_several_identities_is_enough(self, shelf):
        push(shelf.sealed)

        assert fetched(shelf.plain, [shelf.other_identity, shelf.identity]) == CONTENT

    @pytest.mark.parametrize("missing", [1, 65_536, 100_000])
    def test_an_encrypted_copy_that_is_cut_off_is_noticed(self, shelf, missing):
        push(shelf.sealed)
        shelf.put(f"{FILE}.age", shelf.content(f"{FILE}.age")[:-missing])

        with pytest.raises(Integrity):
            fetched(shelf.sealed, [shelf.identity])

    @pytest.mark.parametrize("manifest", [b"", b"{}", b"[" * 100_000, b"\xff"])
    def test_a_manifest_that_is_damaged_is_noticed(self, shelf, manifest):
        push(shelf.plain)
        shelf.put(f"{FILE}.json", manifest)

        with pytest.raises(Integrity):
            shelf.plain.manifest(FILE)

    def test_a_manifest_of_another_backup_is_noticed(self, shelf, store, keys):
        push(store)
        push(store, b"second", LATER)
        suffix = ".age" if keys else ""
        shelf.put(f"{FILE}.json{suffix}", shelf.content(f"{LATER}.json{suffix}"))

        with pytest.raises(Integrity):
            store.manifest(FILE, keys)

    def test_of_a_plain_and_an_encrypted_copy_the_one_is_taken_that_can_be_opened_as_asked(self, shelf):
        push(shelf.plain)
        push(shelf.sealed)
        shelf.put(f"{FILE}.age", shelf.content(f"{FILE}.age")[:-1])

        assert shelf.plain.list() == shelf.sealed.list()
        assert [(copy.file, copy.is_encrypted) for copy in shelf.plain.list()] == [(FILE, False), (FILE, True)]
        assert fetched(shelf.plain) == CONTENT
        with pytest.raises(Integrity):
            fetched(shelf.plain, [shelf.identity])

    def test_an_identity_does_no_harm_where_the_copy_is_plain(self, shelf):
        push(shelf.plain)

        assert fetched(shelf.plain, [shelf.identity]) == CONTENT

    def test_what_our_own_disk_does_is_told_as_that(self, shelf, store, keys):
        with pytest.raises(OSError, match="our disk is broken"):
            store.push(described(), Failing())
        assert shelf.names() == set()

        push(store)
        with pytest.raises(OSError, match="our disk is broken"):
            store.fetch(FILE, Failing(), keys)
