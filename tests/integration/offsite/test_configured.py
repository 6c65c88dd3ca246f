"""What is configured for off-site copies, and what is said when it makes no sense."""

import subprocess
import sys

import pytest

from adapters.offsite import FsspecOffsiteStore
from adapters.offsite.address import Address, parse_address
from domain.errors import Invalid
from tests.contracts.offsite_store import FILE, fetched, push
from tests.integration.offsite.shelves import RECIPIENT


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://rooms/a/b", Address(scheme="s3", host="rooms", path="/a/b")),
        ("s3://Rooms.Old", Address(scheme="s3", host="Rooms.Old", path="/")),
        ("sftp://me@there:2222/srv/a/", Address(scheme="sftp", host="there", path="/srv/a", user="me", port=2222)),
        ("sftp://[::1]/srv", Address(scheme="sftp", host="::1", path="/srv")),
        ("file:///mnt/other%20disk", Address(scheme="file", host="", path="/mnt/other disk")),
    ],
)
def test_an_address_says_where(url, address):
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/mnt/disk",
        "ftp://there/SENTINEL",
        "http://there/SENTINEL",
        "memory://SENTINEL",
        "simplecache::s3://rooms/SENTINEL",
        "s3:///SENTINEL",
        "s3://key:SENTINEL@rooms/a",
        "s3://SENTINEL@rooms/a",
        "s3://rooms/a?versionId=SENTINEL",
        "sftp://there",
        "sftp://me:SENTINEL@there/a",
        "sftp://there:SENTINEL/a",
        "sftp://there/a#SENTINEL",
        "file://there/SENTINEL",
        "file:///",
        "sftp://[SENTINEL/a",
    ],
)
def test_any_other_address_is_refused_and_not_told(url):
    store = FsspecOffsiteStore(url, options={}, recipients=())
    for act in (store.list, lambda: push(store), lambda: store.manifest(FILE), lambda: fetched(store)):
        with pytest.raises(Invalid) as caught:
            act()
        assert "STRONGROOM_OFFSITE_URL" in caught.value.message
        assert "SENTINEL" not in f"{caught.value} {caught.value.advice}"


@pytest.mark.parametrize(
    "recipients",
    [
        ["SENTINEL"],
        [RECIPIENT, "SENTINEL"],
        [RECIPIENT[:-1]],
        ["ssh-ed25519"],
        ["ssh-ed25519", "SENTINEL"],
        ["AGE-SECRET-KEY-1SENTINEL"],
        ["age1yubikey1SENTINEL"],
    ],
)
def test_what_is_no_recipient_is_refused_before_anything_is_sent(disk, recipients):
    with pytest.raises(Invalid) as caught:
        push(FsspecOffsiteStore(disk.url, options={}, recipients=recipients))

    assert "offsite_recipients" in caught.value.message
    assert "SENTINEL" not in f"{caught.value} {caught.value.advice}"
    assert not disk.directory.exists()


@pytest.mark.parametrize(
    ("url", "library"), [("s3://rooms/a", "s3fs"), ("sftp://there/a", "paramiko"), ("file:///mnt", "fsspec")]
)
def test_where_the_extra_is_missing_it_is_named(monkeypatch, url, library):
    for module in ("s3", "sftp", "ssh", "local"):
        monkeypatch.delitem(sys.modules, f"adapters.offsite.{module}", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(Invalid) as caught:
        FsspecOffsiteStore(url, options={}, recipients=()).list()
    assert "pip install 'strongroom[offsite]'" in caught.value.advice


def test_where_age_is_missing_nothing_is_sent(monkeypatch, disk):
    monkeypatch.delitem(sys.modules, "adapters.offsite.age", raising=False)
    monkeypatch.setitem(sys.modules, "pyrage", None)

    with pytest.raises(Invalid, match="libraries that are missing"):
        push(disk.sealed)
    assert not disk.directory.exists()


def test_nothing_is_loaded_before_it_is_used(tmp_path):
    code = (
        "import sys; from adapters.offsite import FsspecOffsiteStore;"
        "FsspecOffsiteStore('s3://rooms', options={}, recipients=['x']);"
        "print([name for name in ('fsspec', 's3fs', 'paramiko', 'pyrage', 'asyncio') if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert loaded.stdout.strip() == "[]"
