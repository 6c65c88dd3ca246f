"""The old files as a source sees them: where each is, what kind of thing it is, and its bytes."""

import re
from dataclasses import dataclass
from enum import StrEnum

GITLAB_FILE = "gitlab-oauth-token.json"
SESSIONS_FILE = "sessions.json"
TOKENS_DIRECTORY = "tokens"
PENPOT_FILE = "penpot-token"

KIB = 1_024
MIB = 1_024 * KIB
SIZE_LIMITS = {GITLAB_FILE: MIB, SESSIONS_FILE: 1_024 * MIB}
TOKEN_SIZE_LIMIT = 64 * KIB

_LEFT_BY_EDITORS = re.compile(
    r"\..*|.*~|#.*#|.*\.(swp|swo|swx|bak|backup|tmp|temp|orig|old|save|rej|migrated|partial"
    r"|dpkg-(old|new|dist|bak)|rpm(save|new|orig))|Thumbs\.db|desktop\.ini|lost\+found",
    re.IGNORECASE | re.DOTALL,
)


class Root(StrEnum):
    """The two directories of the old version."""

    STATE = "state"
    CONFIG = "config"


class Kind(StrEnum):
    """What a directory entry is. Only a regular file is ever opened for reading."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symbolic link"
    SOCKET = "socket"
    FIFO = "FIFO"
    DEVICE = "device"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, order=True)
class LegacyRef:
    """One entry of an old directory. `path` is relative to `root`; undecodable bytes are surrogate escapes.

    `logical` is the name the entry stands for, other than `path` only for a file that a removal
    had taken aside when its process was killed.
    """

    root: Root
    path: str
    kind: Kind = Kind.FILE
    aside_of: str | None = None

    @property
    def logical(self) -> str:
        """The path under which the old version knew this file."""
        return self.aside_of or self.path

    @property
    def shown(self) -> str:
        """`path` for people and JSON: what is not UTF-8 or not printable is backslash-escaped."""
        return "".join(map(_shown, self.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What must still hold of a file when it is removed: the same inode, untouched, with the same bytes."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyFile:
    """A file as it was read. Its content is a secret: no form of the object shows it."""

    ref: LegacyRef
    content: bytes
    mode: int
    links: int
    fingerprint: Fingerprint

    def __repr__(self) -> str:
        return f"LegacyFile({self.ref.shown!r}, {len(self.content)} bytes)"

    @property
    def mtime_ms(self) -> int:
        """When the file was last written, in milliseconds UTC."""
        return self.fingerprint.mtime_ns // 1_000_000


def size_limit(path: str) -> int:
    """Tell how many bytes the file at `path` may have."""
    return SIZE_LIMITS.get(path, TOKEN_SIZE_LIMIT)


def is_left_by_editor(name: str) -> bool:
    """Tell whether a file name is one that editors, package managers and file managers leave behind."""
    return _LEFT_BY_EDITORS.fullmatch(name) is not None


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # PEP 383: a byte that is not UTF-8
        return character.encode("utf-8", "surrogateescape").decode("ascii", "backslashreplace")
    return ascii(character)[1:-1]
