"""Places for copies, each with a store that writes plain, one that encrypts, and a way to what lies there."""

import pyrage

from adapters.offsite import FsspecOffsiteStore
from domain.values import SecretValue
from tests.integration.offsite.s3_server import BUCKET

_KEY, _OTHER_KEY = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
RECIPIENT = str(_KEY.to_public())
PATIENCE_S = 15.0


class Shelf:
    """Two stores on one place."""

    identity, other_identity = SecretValue(str(_KEY)), SecretValue(str(_OTHER_KEY))

    def __init__(self, url, options, patience_s=PATIENCE_S):
        self.url, self.options = url, options
        self.plain = FsspecOffsiteStore(url, options=options, recipients=(), patience_s=patience_s)
        self.sealed = FsspecOffsiteStore(url, options=options, recipients=[RECIPIENT], patience_s=patience_s)


class DirectoryShelf(Shelf):
    """Where it is a directory of this machine in the end."""

    def __init__(self, url, options, directory, patience_s=PATIENCE_S):
        super().__init__(url, options, patience_s)
        self.directory = directory

    def names(self):
        return {path.name for path in self.directory.glob("*")}

    def content(self, name):
        return (self.directory / name).read_bytes()

    def put(self, name, content):
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / name).write_bytes(content)

    def remove(self, name):
        (self.directory / name).unlink()


class BucketShelf(Shelf):
    """Where it is a prefix of a bucket, which another user looks into."""

    def __init__(self, server, prefix, options=None, patience_s=PATIENCE_S):
        super().__init__(f"s3://{BUCKET}/{prefix}", options or server.options, patience_s)
        self._admin, self._prefix = server.admin, f"{prefix}/"

    def names(self):
        found = self._admin.list_objects_v2(Bucket=BUCKET, Prefix=self._prefix)
        return {each["Key"].removeprefix(self._prefix) for each in found.get("Contents", ())}

    def content(self, name):
        return self._admin.get_object(Bucket=BUCKET, Key=self._prefix + name)["Body"].read()

    def put(self, name, content):
        self._admin.put_object(Bucket=BUCKET, Key=self._prefix + name, Body=content)

    def remove(self, name):
        self._admin.delete_object(Bucket=BUCKET, Key=self._prefix + name)
