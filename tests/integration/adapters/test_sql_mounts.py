"""A path on a network file system is recognised by the mount table, however mounts nest and are named."""

import pytest

from adapters.sql import open_database
from adapters.sql.mounts import NETWORK_FILESYSTEMS, network_filesystem
from domain.errors import DatabaseUnusable

LINE = "{id} 1 0:{id} / {at} rw,relatime {optional}- {kind} {source} rw\n"


@pytest.fixture
def mounted(tmp_path):
    """A function that writes a mount table of (mount point, type) pairs and returns its path."""

    def write(*mounts, optional="shared:1 "):
        table = tmp_path / "mountinfo"
        lines = [
            LINE.format(id=number, at=at, kind=kind, source="server:/export", optional=optional)
            for number, (at, kind) in enumerate([("/", "ext4"), *mounts], start=20)
        ]
        table.write_bytes("".join(lines).encode("utf-8", "surrogateescape"))
        return table

    return write


@pytest.fixture
def place(tmp_path):
    return (tmp_path / "data").resolve()


def test_a_local_path_is_none(mounted, place):
    assert network_filesystem(place, mounted((place, "ext4"))) is None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "9p", "fuse.sshfs", "virtiofs"])
def test_a_network_file_system_is_named(mounted, place, kind):
    assert network_filesystem(place / "state" / "agents.db", mounted((place, kind))) == kind


def test_every_type_in_the_list_is_recognised(mounted, place):
    assert {network_filesystem(place, mounted((place, kind))) for kind in NETWORK_FILESYSTEMS} == NETWORK_FILESYSTEMS


def test_the_deepest_mount_counts(mounted, place):
    nested = [(place, "nfs4"), (place / "state", "ext4"), (place / "state" / "far", "cifs")]

    assert network_filesystem(place / "agents.db", mounted(*nested)) == "nfs4"
    assert network_filesystem(place / "state" / "agents.db", mounted(*nested)) is None
    assert network_filesystem(place / "state" / "far" / "agents.db", mounted(*nested)) == "cifs"


def test_the_order_of_the_table_does_not_matter_for_nested_mounts(mounted, place):
    assert network_filesystem(place / "state" / "x", mounted((place / "state", "nfs"), (place, "ext4"))) == "nfs"


@pytest.mark.parametrize(("below", "above", "expected"), [("nfs", "tmpfs", None), ("ext4", "nfs", "nfs")])
def test_of_two_mounts_at_one_place_the_later_lies_on_top(mounted, place, below, above, expected):
    assert network_filesystem(place / "agents.db", mounted((place, below), (place, above))) == expected


def test_a_name_that_only_begins_alike_is_another_place(mounted, place):
    assert network_filesystem(place.with_name("database"), mounted((place, "nfs"))) is None


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("with space", "with\\040space"),
        ("tab\tinside", "tab\\011inside"),
        ("line\nend", "line\\012end"),
        ("back\\slash", "back\\134slash"),
        ("back\\040slash", "back\\134040slash"),
        ("sharp#sign", "sharp\\043sign"),
        ("schlüssel", "schlüssel"),
    ],
)
def test_escaped_names_are_read(mounted, tmp_path, name, escaped):
    table = mounted((f"{tmp_path.resolve()}/{escaped}", "nfs"))

    assert network_filesystem(tmp_path / name / "agents.db", table) == "nfs"


def test_a_link_is_followed_to_where_the_bytes_are(mounted, place, tmp_path):
    place.mkdir()
    (tmp_path / "link").symlink_to(place)

    assert network_filesystem(tmp_path / "link" / "agents.db", mounted((place, "nfs"))) == "nfs"


@pytest.mark.parametrize("optional", ["", "shared:1 ", "shared:1 master:2 "])
def test_optional_fields_are_passed_over(mounted, place, optional):
    assert network_filesystem(place, mounted((place, "nfs"), optional=optional)) == "nfs"


def test_a_source_that_looks_like_the_end_of_the_fields_misleads_nobody(place, tmp_path):
    table = tmp_path / "mountinfo"
    table.write_text(f"20 1 0:20 / / rw - ext4 /dev/a rw\n21 1 0:21 / {place} rw - ext4 a-nfs rw - nfs\n")

    assert network_filesystem(place, table) is None


def test_without_a_mount_table_nothing_is_known(tmp_path):
    assert network_filesystem(tmp_path, tmp_path / "missing") is None


def test_a_database_on_a_network_file_system_is_refused_and_not_made(tmp_path, monkeypatch):
    monkeypatch.setattr("adapters.sql.opening.network_filesystem", lambda _path: "nfs4")

    with pytest.raises(DatabaseUnusable, match=r"network file system \(nfs4\)"):
        open_database(tmp_path / "agents.db")

    assert list(tmp_path.iterdir()) == []
