"""What somebody else may have laid where our copies are."""

import pytest

from domain.backups import manifest_of
from domain.errors import Integrity, NotFound
from tests.contracts.offsite_store import FILE, described, push

MIB = 1_024 * 1_024


@pytest.mark.parametrize("length", [16 * MIB + 1, 40 * MIB])
def test_a_manifest_without_end_is_not_read_to_its_end(disk, length):
    push(disk.plain)
    disk.put(f"{FILE}.json", manifest_of(described()).encode().ljust(length))

    with pytest.raises(Integrity, match="too long"):
        disk.plain.manifest(FILE)


@pytest.mark.parametrize("place", ["disk", "own_directory"])
def test_directories_are_no_copies(request, place):
    shelf = request.getfixturevalue(place)
    for name in (FILE, f"{FILE}.json"):
        (shelf.directory / name).mkdir(parents=True)

    assert shelf.plain.list() == []
    with pytest.raises(NotFound):
        shelf.plain.manifest(FILE)
