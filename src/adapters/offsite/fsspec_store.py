"""Off-site copies in a place that fsspec reaches."""

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from typing_extensions import override

from adapters.offsite.address import parse_address
from adapters.offsite.faults import told
from adapters.offsite.place import Place, opened
from adapters.offsite.streams import CHUNK, Bounded, Counted, Local, Readable, Writable, move
from domain.backups import Backup, OffsiteCopy, manifest_of, parse_manifest
from domain.errors import Conflict, Integrity, Invalid, NotFound
from domain.ports import OffsiteStore
from domain.values import SecretValue

PATIENCE_S = 15.0
_MANIFEST_LIMIT = 16 * 1_024 * 1_024
_MANIFEST = re.compile(r"(?P<file>[^/\0]+\.bak-\d{8}T\d{6}Z(-\d+)?)\.json(?P<suffix>\.age|)")

Seal = Callable[[Readable, Writable], None]


@dataclass(frozen=True, slots=True)
class _Names:
    """What the two files of a copy are called there."""

    backup: str
    is_encrypted: bool

    @property
    def file(self) -> str:
        return self.backup + self._suffix

    @property
    def manifest(self) -> str:
        return f"{self.backup}.json{self._suffix}"

    @property
    def _suffix(self) -> str:
        return ".age" if self.is_encrypted else ""

    def are_in(self, found: Container[str]) -> bool:
        """Tell whether both are there: a manifest is written when its file is whole."""
        return self.file in found and self.manifest in found


class FsspecOffsiteStore(OffsiteStore):
    """`url` is `s3://bucket/prefix`, `sftp://user@host:port/path` or `file:///path`; `options` are fsspec's for it.

    Copies are encrypted if there are `recipients`, words of age public keys. What is wrong with any of
    these is said when it is used. Nothing is waited for longer than `patience_s`, and once more.
    """

    def __init__(
        self,
        url: str,
        *,
        options: Mapping[str, Any],
        recipients: Sequence[str],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._url = url
        self._options = options
        self._recipients = tuple(recipients)
        self._patience_s = patience_s

    @property
    def place(self) -> str:
        """The place, in words for people."""
        return str(parse_address(self._url))

    @override
    @told
    def push(self, backup: Backup, content: BinaryIO) -> OffsiteCopy:
        names = _Names(backup.file, is_encrypted=bool(self._recipients))
        if not _MANIFEST.fullmatch(names.manifest):
            raise Invalid("not the name of a backup")
        seal = _sealing(self._recipients)
        with self._opened() as there:
            sizes = there.sizes()
            if names.are_in(sizes):
                _require_same(there, backup, names, sizes[names.file])
                size = sizes[names.file]
            else:
                size = there.put(names.file, lambda into: _copy(backup, content, into, seal))
                there.put(names.manifest, lambda into: seal(BytesIO(manifest_of(backup).encode()), into))
        return OffsiteCopy(file=backup.file, bytes=size, is_encrypted=names.is_encrypted)

    @override
    @told
    def list(self) -> list[OffsiteCopy]:
        with self._opened() as there:
            return _copies(there)

    @override
    @told
    def manifest(self, file: str, identities: Sequence[SecretValue] = ()) -> Backup:
        with self._opened() as there:
            names = _found(there, file, identities)
            raw = Bounded(_MANIFEST_LIMIT)
            _read(there, names.manifest, raw, names, identities)
        try:
            backup = parse_manifest(bytes(raw.content))
        except Invalid:
            raise Integrity("what lies off-site as the manifest is none") from None
        if backup.file != file:
            raise Integrity("what lies off-site as the manifest is that of another backup")
        return backup

    @override
    @told
    def fetch(self, file: str, into: BinaryIO, identities: Sequence[SecretValue] = ()) -> None:
        with self._opened() as there:
            names = _found(there, file, identities)
            _read(there, names.file, Local(into), names, identities)

    @contextmanager
    def _opened(self) -> Iterator[Place]:
        with opened(parse_address(self._url), self._options, self._patience_s) as place:
            yield place


def _copies(there: Place) -> list[OffsiteCopy]:
    """Return what has its manifest."""
    sizes = there.sizes()
    matches = [match for name in sizes if (match := _MANIFEST.fullmatch(name))]
    named = sorted((match["file"], bool(match["suffix"])) for match in matches)
    return [
        OffsiteCopy(file=backup, bytes=sizes[names.file], is_encrypted=is_encrypted)
        for backup, is_encrypted in named
        if (names := _Names(backup, is_encrypted)).are_in(sizes)
    ]


def _found(there: Place, file: str, identities: Sequence[SecretValue]) -> _Names:
    """Return the copy that is asked for: an encrypted one if there is something to open it with."""
    forms = [copy.is_encrypted for copy in _copies(there) if copy.file == file]
    if not forms:
        raise NotFound("there is no whole copy of that name off-site")
    return _Names(file, is_encrypted=bool(identities) if len(forms) > 1 else forms[0])


def _require_same(there: Place, backup: Backup, names: _Names, size: int) -> None:
    """Leave a copy that is the same, and refuse to replace one that is not. An encrypted one is told by its length."""
    if names.is_encrypted:
        from adapters.offsite.age import encrypted_length  # noqa: PLC0415 - an extra

        with there.reading(names.file) as file:
            is_same = size == encrypted_length(file.read(CHUNK), backup.bytes)
    else:
        raw = Bounded(_MANIFEST_LIMIT)
        _read(there, names.manifest, raw, names, ())
        is_same = size == backup.bytes and bytes(raw.content) == manifest_of(backup).encode()
    if not is_same:
        raise Conflict(
            "another copy of that name is off-site, or a damaged one", advice="move it away there, and push again"
        )


def _copy(backup: Backup, content: BinaryIO, into: Writable, seal: Seal) -> None:
    source = Counted(Local(content))
    seal(source, into)
    if source.sha256 != backup.sha256:
        raise Integrity("the backup is not the file that its manifest describes", advice="keep another one")


def _sealing(recipients: Sequence[str]) -> Seal:
    """Return what brings bytes into the form in which they lie there. Raises `Invalid` for what is no recipient."""
    if not recipients:
        return move
    from adapters.offsite.age import encrypt, parse_recipients  # noqa: PLC0415 - an extra

    parsed = parse_recipients(recipients)
    return lambda source, target: encrypt(source, target, parsed)


def _read(there: Place, name: str, into: Writable, names: _Names, identities: Sequence[SecretValue]) -> None:
    """Write into `into` what a file of a copy holds."""
    if not names.is_encrypted:
        with there.reading(name) as file:
            move(file, into)
        return
    from adapters.offsite.age import decrypt, parse_identities  # noqa: PLC0415 - an extra

    parsed = parse_identities(identities)
    with there.reading(name) as file:
        decrypt(file, into, parsed)
