"""Secrets in `tokens/<agent>` and `penpot-token`, as the old version kept them."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import override

from adapters.filesystem.faults import translated
from adapters.filesystem.versioned_files import Stored, VersionedFiles, version_of, written_at
from domain.errors import Integrity, Invalid, VersionConflict
from domain.legacy.files import PENPOT_FILE, TOKENS_DIRECTORY, is_left_by_editor
from domain.legacy.text import Malformed, decode_utf8
from domain.ports import Clock, SecretStore
from domain.secrets import Secret, SecretInfo
from domain.values import (
    AGENT_TOKEN_PREFIX,
    PENPOT_TOKEN,
    SECRET_LIMIT,
    SecretValue,
    agent_token_name,
    is_agent_name,
    parse_secret_name,
    parse_secret_value,
)

_ROOM_FOR_LINE_END_AND_BOM = 8
_FILE_LIMIT = SECRET_LIMIT + _ROOM_FOR_LINE_END_AND_BOM


class FileSecretStore(SecretStore):
    """Agents' tokens and Penpot's, a file each, mode 0600, below `config_dir`; it can hold no other secret.

    A file knows one instant: `created_at` is when it was last written.
    """

    def __init__(self, config_dir: Path, clock: Clock) -> None:
        self._config_dir = config_dir
        self._tokens = config_dir / TOKENS_DIRECTORY
        self._files = VersionedFiles(config_dir / ".tokens.lock", clock)

    @override
    def get(self, name: str) -> Secret | None:
        path = self._path(name)
        stored = self._files.read(path, name, limit=_FILE_LIMIT) if path else None
        if stored is None:
            return None
        return Secret(
            name=name,
            value=_parsed(name, stored),
            version=stored.version,
            created_at=stored.written_at,
            updated_at=stored.written_at,
        )

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None) -> int:
        parse_secret_name(name)
        line = parse_secret_value(name, value).reveal().encode() + b"\n"
        path = self._path(name)
        if path is None:
            raise Invalid(f"{name} cannot be kept in a file", advice="only the tokens of agents and of Penpot can be")
        if expires_at is not None:
            raise Invalid("a secret in a file does not expire", advice="leave the expiry out")
        return self._files.write(path, name, line, expected_version=expected_version)

    @override
    def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        path = self._path(name)
        if path is None:
            if expected_version:
                raise VersionConflict(name, expected=expected_version, actual=0)
            return False
        return self._files.delete(path, name, expected_version=expected_version)

    @override
    def info(self, name: str) -> SecretInfo | None:
        path = self._path(name)
        if path is None:
            return None
        with translated(name):
            try:
                found = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return _info(name, found) if stat.S_ISREG(found.st_mode) else None

    def _path(self, name: str) -> Path | None:
        """Tell where a secret is kept; None if it cannot be."""
        if name == PENPOT_TOKEN:
            return self._config_dir / PENPOT_FILE
        agent = name.removeprefix(AGENT_TOKEN_PREFIX)
        return self._tokens / agent if agent != name and _can_name_a_file(agent) else None

    def _entries(self) -> Iterator[tuple[str, os.stat_result]]:
        """Give every name that may be a secret's, with the state of its file."""
        yield from _found(PENPOT_TOKEN, self._config_dir / PENPOT_FILE)
        try:
            agents = [entry.name for entry in self._tokens.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return
        for agent in filter(_can_name_a_file, agents):
            yield from _found(agent_token_name(agent), self._tokens / agent)

    @override
    def list(self) -> list[SecretInfo]:
        with translated(TOKENS_DIRECTORY):
            infos = [_info(name, found) for name, found in self._entries() if stat.S_ISREG(found.st_mode)]
        return sorted(infos, key=lambda info: info.name)


def _can_name_a_file(agent: str) -> bool:
    """Leave out what editors call their leftovers: nobody could tell them from an agent's file."""
    return is_agent_name(agent) and not is_left_by_editor(agent)


def _found(name: str, path: Path) -> Iterator[tuple[str, os.stat_result]]:
    try:
        yield name, path.lstat()
    except FileNotFoundError:
        return


def _info(name: str, found: os.stat_result) -> SecretInfo:
    version = version_of(found)
    instant = written_at(version)
    return SecretInfo(name=name, version=version, created_at=instant, updated_at=instant, key_id=None)


def _parsed(name: str, stored: Stored) -> SecretValue:
    """Read what `set` could have written. A migration is stricter: it doubts quotes and NAME=value."""
    try:
        return parse_secret_value(name, decode_utf8(stored.content).rstrip("\r\n"))
    except (Invalid, Malformed) as error:
        raise Integrity(f"{name}: {error.message}") from None
