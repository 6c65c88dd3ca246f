"""Real servers for off-site copies, on loopback ports."""

import uuid

import pytest

from tests.integration.offsite.s3_server import S3Server
from tests.integration.offsite.sftp_server import SftpServer
from tests.integration.offsite.shelves import BucketShelf, DirectoryShelf


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    server = S3Server(tmp_path_factory.mktemp("s3") / "log")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_sftp_server(tmp_path_factory):
    server = SftpServer(tmp_path_factory.mktemp("sftp"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sftp_server(tmp_path):
    """A server of the test's own, which it may stop."""
    server = SftpServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket(s3_server):
    return BucketShelf(s3_server, uuid.uuid4().hex)


@pytest.fixture
def sftp_directory(shared_sftp_server):
    server, name = shared_sftp_server, uuid.uuid4().hex
    return DirectoryShelf(f"{server.url}/{name}", server.options, server.directory / name)


@pytest.fixture
def disk(tmp_path):
    return DirectoryShelf(f"file://{tmp_path}/disk", {}, tmp_path / "disk")


@pytest.fixture
def own_directory(sftp_server):
    return DirectoryShelf(sftp_server.url, sftp_server.options, sftp_server.directory)
