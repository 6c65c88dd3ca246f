"""What is there when a push does not come to its end: never half a copy, and the next push mends it."""

import errno
import io
import os
import signal
import subprocess

import pytest

from adapters.offsite.streams import Counted, Local
from domain.errors import Integrity, Unreachable
from tests.contracts.offsite_store import FILE, described, fetched, push
from tests.integration.offsite.lines import Line
from tests.integration.offsite.shelves import BucketShelf, DirectoryShelf
from tests.integration.packaging.programs import program, skip_unless_mounting_is_allowed

LONG = os.urandom(1_024) * 1_024 * 40
"""40 MiB: five parts of an upload to S3."""

HALFWAY = 20 * 1_024 * 1_024
PATIENCE_S = 3.0


class Content(io.BytesIO):
    """A backup; when a place in it is read, something happens."""

    def __init__(self, happens, at=HALFWAY, content=LONG):
        super().__init__(content)
        self._happens, self._at = happens, at

    def read(self, size=-1):
        if self._at is not None and self.tell() >= self._at:
            self._at = None
            self._happens()
        return super().read(size)


@pytest.fixture(params=["plain", "sealed"])
def kind(request):
    return request.param


@pytest.fixture
def line(s3_server):
    line = Line(s3_server.port)
    yield line
    line.close()


@pytest.fixture
def distant_bucket(s3_server, line, tmp_path):
    options = {**s3_server.options, "endpoint_url": f"http://127.0.0.1:{line.port}"}
    return BucketShelf(s3_server, tmp_path.name, options, PATIENCE_S)


def sftp_shelf(server):
    return DirectoryShelf(server.url, server.options, server.directory, PATIENCE_S)


def break_off(shelf, kind, happens, at=HALFWAY):
    """Push until something happens, which must be told."""
    store = getattr(shelf, kind)
    with pytest.raises(Unreachable):
        store.push(described(LONG), Content(happens, at))
    return store


def assert_mended(shelf, kind, store):
    """Fail if half a copy counts, or the next push does not make a whole one."""
    identities = [shelf.identity] if kind == "sealed" else []
    assert store.list() == []
    assert push(store, LONG) in store.list()
    assert store.manifest(FILE, identities) == described(LONG)
    assert fetched(store, identities) == LONG


def test_an_sftp_server_that_dies_in_the_middle_leaves_no_half_copy(sftp_server, kind):
    shelf = sftp_shelf(sftp_server)
    store = break_off(shelf, kind, sftp_server.stop)
    assert shelf.names() <= {f"{FILE}.partial", f"{FILE}.age.partial"}

    sftp_server.start()
    assert_mended(shelf, kind, store)
    assert not any("partial" in name for name in shelf.names())


def test_a_line_to_s3_that_is_cut_in_the_middle_leaves_no_half_copy(distant_bucket, line, kind):
    store = break_off(distant_bucket, kind, line.cut)
    assert distant_bucket.names() == set()

    line.mend()
    assert_mended(distant_bucket, kind, store)


@pytest.mark.parametrize("at", [0, 10_000])
def test_a_short_file_that_is_cut_off_is_put_neither_now_nor_later(distant_bucket, line, kind, at):
    store = break_off(distant_bucket, kind, line.cut, at)
    line.mend()

    assert distant_bucket.names() == set()
    assert store.list() == []


def test_a_backup_that_cannot_be_read_to_its_end_is_put_neither_now_nor_later(bucket):
    def fail():
        raise OSError(errno.EIO, "our disk is broken")

    for at in (0, HALFWAY):
        with pytest.raises(OSError, match="our disk is broken"):
            bucket.plain.push(described(LONG), Content(fail, at))
    assert bucket.names() == set()


def test_an_upload_that_failed_on_our_side_is_taken_back(s3_server, tmp_path):
    bucket = BucketShelf(s3_server, tmp_path.name, s3_server.admin_options)

    def fail():
        raise OSError(errno.EIO, "our disk is broken")

    with pytest.raises(OSError, match="our disk is broken"):
        bucket.plain.push(described(LONG), Content(fail))

    assert s3_server.requests()[-1].startswith(f"DELETE /rooms/{tmp_path.name}/{FILE}?uploadId=")


def test_what_was_killed_between_file_and_manifest_is_no_copy(sftp_server, kind, mocker):
    shelf = sftp_shelf(sftp_server)
    mocker.patch(
        "adapters.offsite.fsspec_store.manifest_of",
        side_effect=lambda _: sftp_server.stop() or "the server is gone before this is written",
    )
    with pytest.raises(Unreachable):
        push(getattr(shelf, kind), LONG)
    mocker.stopall()
    assert {name.removesuffix(".age") for name in shelf.names()} >= {FILE}

    sftp_server.start()
    assert_mended(shelf, kind, getattr(shelf, kind))


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_an_sftp_server_that_stops_in_the_middle_is_not_waited_for(sftp_server, kind):
    def stop():
        for pid in sftp_server.processes():
            os.kill(pid, signal.SIGSTOP)

    break_off(sftp_shelf(sftp_server), kind, stop)


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_an_s3_server_that_stops_in_the_middle_is_not_waited_for(distant_bucket, s3_server, kind):
    try:
        break_off(distant_bucket, kind, lambda: s3_server.process.send_signal(signal.SIGSTOP))
    finally:
        s3_server.process.send_signal(signal.SIGCONT)


def test_a_disk_of_the_server_that_is_full_leaves_no_half_copy(sftp_server, kind):
    skip_unless_mounting_is_allowed()
    mount = program("mount", "mount")
    sftp_server.directory.mkdir(parents=True)
    small = ["-t", "tmpfs", "-o", "size=8m", "tmpfs"]
    subprocess.run([mount, *small, sftp_server.directory], check=True)
    try:
        shelf = sftp_shelf(sftp_server)
        store = break_off(shelf, kind, lambda: None)
        assert shelf.names() == set()

        subprocess.run([mount, "-o", "remount,size=90m", sftp_server.directory], check=True)
        assert_mended(shelf, kind, store)
    finally:
        sftp_server.drop_sessions()
        subprocess.run([program("umount", "mount"), sftp_server.directory], check=True)


@pytest.mark.parametrize("place", ["disk", "sftp_directory", "bucket"])
def test_what_reads_back_otherwise_is_no_copy(request, place, kind, mocker):
    shelf = request.getfixturevalue(place)
    store = getattr(shelf, kind)
    mocker.patch("adapters.offsite.place.Counted.read", _altering())
    with pytest.raises(Integrity):
        push(store)
    mocker.stopall()

    assert store.list() == []
    push(store)
    assert fetched(store, [shelf.identity] if kind == "sealed" else [])


def _altering():
    """Return a way to read in which one bit is another: only what reads back is let be told of it."""
    really = Counted.read

    def read(self, size):
        data = really(self, size)
        if data and not isinstance(self._stream, Local):
            self._digest.update(b"another bit")
        return data

    return read
