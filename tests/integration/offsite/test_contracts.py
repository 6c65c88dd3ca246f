"""The contract of off-site stores on a disk, on a real SFTP server and on a real S3 server."""

import pytest

from tests.contracts.offsite_store import OffsiteStoreContract


class TestDisk(OffsiteStoreContract):
    @pytest.fixture
    def shelf(self, disk):
        return disk


class TestSftp(OffsiteStoreContract):
    @pytest.fixture
    def shelf(self, sftp_directory):
        return sftp_directory


class TestS3(OffsiteStoreContract):
    @pytest.fixture
    def shelf(self, bucket):
        return bucket
