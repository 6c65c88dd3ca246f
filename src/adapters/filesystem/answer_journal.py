"""Answers of forges in `oauth-answer-<forge>.sealed`: a file each, made before the forge is asked."""

import json
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from typing_extensions import override

from adapters.filesystem.atomic import create_durably, fsync_directory, make_private_directory, write_durably
from adapters.filesystem.faults import reason
from adapters.filesystem.reading import NotRegular, TooLarge, Unfit, opened_regular, read_whole
from domain.errors import Integrity, Unreachable
from domain.oauth import OAuthToken
from domain.ports import AnswerJournal, Cipher, JournalledAnswer, SealContext
from domain.values import SecretValue, parse_forge

_ROOM = 128 * 1_024
_LIMIT = 64 * _ROOM
_MAGIC = b"SJ\x01\x00"
_HEAD = struct.Struct(">4sQI")
"""Before the sealed answer: magic, the version of the token that was refreshed, and how long the answer is."""

_SECTOR = 512
"""The least that a disk writes: in a write that was cut, one that was missed is still zeros."""

_FIELDS = tuple(field.name for field in fields(OAuthToken))
_SECRET_FIELDS = ("access_token", "refresh_token")


class FileAnswerJournal(AnswerJournal):
    """The room is made of zeros that are really written, and an answer is written over them in place.

    So a disk that has become full cannot refuse it.
    """

    def __init__(self, state_dir: Path, cipher: Cipher) -> None:
        self._state_dir = state_dir
        self._cipher = cipher

    @override
    def reserve(self, forge: str) -> None:
        path = self._path(forge)
        with _reachable(path):
            if not os.path.lexists(path):
                make_private_directory(path.parent)
                with suppress(FileExistsError):
                    create_durably(path, bytes(_ROOM))
            elif not _is_kept(path):
                write_durably(path, bytes(_ROOM))

    @override
    def write(self, forge: str, answer: JournalledAnswer) -> None:
        path = self._path(forge)
        blob = self._cipher.seal_aside(_serialised(answer.token), _place(forge, answer.version))
        content = _HEAD.pack(_MAGIC, answer.version, len(blob)) + blob
        with _reachable(path):
            if not _written_in_place(path, content):
                make_private_directory(path.parent)
                write_durably(path, content)

    @override
    def read(self, forge: str) -> JournalledAnswer | None:
        path = self._path(forge)
        with _reachable(path):
            content, _ = _content(path)
        framed = _framed(path, content)
        if framed is None:
            return None
        version, blob = framed
        try:
            return JournalledAnswer(_parsed(self._cipher.open_aside(blob, _place(forge, version))), version)
        except Integrity:
            if _is_cut(content, _HEAD.size + len(blob)):
                return None
            raise

    @override
    def clear(self, forge: str) -> None:
        path = self._path(forge)
        with _reachable(path), suppress(FileNotFoundError):
            path.unlink()
            fsync_directory(path.parent)

    def _path(self, forge: str) -> Path:
        return self._state_dir / f"oauth-answer-{parse_forge(forge)}.sealed"


@contextmanager
def _reachable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unreachable(
            f"{path.name} cannot be read or written: {reason(error)}",
            advice="check its permissions, its owner and the room on the disk",
        ) from error


def _place(forge: str, version: int) -> SealContext:
    """Bind an answer to its forge, by an UUID as every place has one, and to the version that was refreshed."""
    row_id = str(uuid5(NAMESPACE_URL, f"strongroom:oauth_answer:{forge}"))
    return SealContext("oauth_answer", row_id, version, "token", f"the journalled answer of {forge}")


def _written_in_place(path: Path, content: bytes) -> bool:
    """Write over the room, durably; False if there is none to be had, or too little for `content`."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size < len(content):
            return False
        written = 0
        while written < len(content):
            written += os.pwrite(descriptor, content[written:], written)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _content(path: Path) -> tuple[bytes, int]:
    """Return what the file holds, nothing if it is absent or changing, and how many bytes the disk keeps for it."""
    try:
        with opened_regular(path) as descriptor:
            content, found = read_whole(descriptor, _LIMIT)
    except FileNotFoundError:
        return b"", 0
    except (NotRegular, TooLarge) as error:
        raise Integrity(f"{path.name} {error}", advice="look who put it there, and remove it") from None
    except Unfit:
        return b"", 0
    return content, found.st_blocks * 512


def _is_kept(path: Path) -> bool:
    """Tell whether room for an answer lies there already, or a whole answer."""
    try:
        content, allocated = _content(path)
        if any(content):
            return _framed(path, content) is not None
    except Integrity:
        return False
    return len(content) >= _ROOM and allocated >= _ROOM


def _framed(path: Path, content: bytes) -> tuple[int, bytes] | None:
    """Return version and sealed answer, None where nothing whole was written. Raises `Integrity`."""
    if len(content) < _HEAD.size or not any(content[:_SECTOR]):
        return None
    magic, version, length = _HEAD.unpack_from(content)
    if magic != _MAGIC:
        raise Integrity(f"{path.name} is no answer of a forge", advice="look who wrote it, and remove it")
    blob = content[_HEAD.size : _HEAD.size + length]
    return (version, blob) if len(blob) == length else None


def _is_cut(content: bytes, end: int) -> bool:
    return any(not any(content[start : min(start + _SECTOR, end)]) for start in range(0, end, _SECTOR))


def _serialised(token: OAuthToken) -> bytes:
    said: dict[str, Any] = {name: getattr(token, name) for name in _FIELDS}
    for name in _SECRET_FIELDS:
        said[name] = said[name] and said[name].reveal()
    return json.dumps(said, ensure_ascii=False).encode()


def _parsed(content: bytes) -> OAuthToken:
    said = {name: value for name, value in json.loads(content).items() if name in _FIELDS}
    for name in _SECRET_FIELDS:
        said[name] = None if said[name] is None else SecretValue(said[name])
    scopes = said["scopes"]
    return OAuthToken(**{**said, "scopes": None if scopes is None else tuple(scopes)})
