"""Off-site copies in memory, under the names that they have elsewhere; encryption is played, and protects nothing."""

import hashlib
import re
from collections.abc import Sequence
from threading import Lock
from typing import BinaryIO

from typing_extensions import override

from domain.backups import Backup, OffsiteCopy, manifest_of, parse_manifest
from domain.errors import Conflict, Integrity, Invalid, NotFound
from domain.ports import OffsiteStore
from domain.values import SecretValue

_MANIFEST = re.compile(r"(?P<file>[^/]+\.bak-\d{8}T\d{6}Z(-\d+)?)\.json(?P<age>\.age)?")
_END = b"the end"


class MemoryOffsiteStore(OffsiteStore):
    """`files` are what lies there, by name. Copies are encrypted if there is an identity that is to open them."""

    def __init__(self, files: dict[str, bytes] | None = None, *, identity: SecretValue | None = None) -> None:
        self.files = {} if files is None else files
        self._identity = identity
        self._lock = Lock()

    @override
    def push(self, backup: Backup, content: BinaryIO) -> OffsiteCopy:
        suffix = ".age" if self._identity else ""
        file, manifest = backup.file + suffix, f"{backup.file}.json{suffix}"
        if not _MANIFEST.fullmatch(manifest):
            raise Invalid("not the name of a backup")
        read = content.read()
        if hashlib.sha256(read).hexdigest() != backup.sha256:
            raise Integrity("the backup is not what its manifest describes")
        copy = {file: self._sealed(read), manifest: self._sealed(manifest_of(backup).encode())}
        with self._lock:
            if copy.keys() <= self.files.keys() and any(self.files[name] != copy[name] for name in copy):
                raise Conflict("another copy of that name is there")
            self.files |= copy
        return OffsiteCopy(file=backup.file, bytes=len(copy[file]), is_encrypted=bool(suffix))

    @override
    def list(self) -> list[OffsiteCopy]:
        with self._lock:
            found = [match for name in self.files if (match := _MANIFEST.fullmatch(name))]
            copies = [(match["file"], match["age"] or "") for match in found]
            return [
                OffsiteCopy(file=file, bytes=len(self.files[file + suffix]), is_encrypted=bool(suffix))
                for file, suffix in sorted(copies)
                if file + suffix in self.files
            ]

    @override
    def manifest(self, file: str, identities: Sequence[SecretValue] = ()) -> Backup:
        raw = self._opened(file, ".json", identities)
        try:
            backup = parse_manifest(raw)
        except Invalid:
            raise Integrity("the manifest is damaged") from None
        if backup.file != file:
            raise Integrity("the manifest is of another backup")
        return backup

    @override
    def fetch(self, file: str, into: BinaryIO, identities: Sequence[SecretValue] = ()) -> None:
        into.write(self._opened(file, "", identities))

    def _opened(self, file: str, kind: str, identities: Sequence[SecretValue]) -> bytes:
        forms = [copy.is_encrypted for copy in self.list() if copy.file == file]
        if not forms:
            raise NotFound("there is no copy of that name")
        if not (bool(identities) if len(forms) > 1 else forms[0]):
            return self.files[file + kind]
        sealed = self.files[f"{file}{kind}.age"]
        marks = [mark for mark in map(_mark, identities) if sealed.startswith(mark)]
        if not marks:
            raise Invalid("no identity opens the copy", advice="give the one that it was encrypted for")
        if not sealed.endswith(_END):
            raise Integrity("the copy does not decrypt to the end")
        return sealed.removeprefix(marks[0]).removesuffix(_END)

    def _sealed(self, content: bytes) -> bytes:
        return _mark(self._identity) + content + _END if self._identity else content


def _mark(identity: SecretValue) -> bytes:
    """Return what an encrypted copy begins with: a mark that only `identity` leaves."""
    return hashlib.sha256(identity.reveal().encode()).digest()
