"""The master key in a file, in the environment, as a systemd credential or in the keyring of the operating system."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import override

from adapters.filesystem.atomic import create_durably, fsync_directory, make_private_directory, write_durably
from adapters.filesystem.faults import reason
from adapters.filesystem.keyring_entry import KeyringEntry
from adapters.filesystem.reading import Unfit, read_regular
from domain.errors import KeyRefused
from domain.keys import (
    MASTER_KEY_BYTES,
    KeyMaterial,
    MasterKey,
    encode_master_key,
    fingerprint,
    parse_master_key,
)
from domain.ports import KeySource
from domain.values import SecretValue

STAGED = ".next"
"""What the name of a staged key ends in, behind that of the key file."""

_FILE_LIMIT = 4_096
_ENVIRONMENT = "environment STRONGROOM_MASTER_KEY"


class MasterKeySource(KeySource):
    """The key file, the text of the environment variable, the credential file and the keyring's entry.

    Each but the key file may be None. All that are there must hold the same key; the first of them
    is named as its source. A new key goes into the key file.
    """

    def __init__(
        self,
        *,
        key_file: Path,
        env_key: SecretValue | None,
        credential: Path | None,
        keyring: KeyringEntry | None = None,
    ) -> None:
        self._key_file = key_file
        self._env_key = env_key
        self._credential = credential
        self._keyring = keyring

    @override
    def load(self) -> MasterKey | None:
        first: MasterKey | None = None
        for key in self._keys():
            if first is not None and first.fingerprint != key.fingerprint:
                raise KeyRefused(
                    f"two master keys: {first.source} holds {first.fingerprint}, {key.source} holds {key.fingerprint}",
                    advice="take away the one that is not this database's",
                )
            first = first or key
        return first

    @override
    def create(self) -> MasterKey:
        raw = secrets.token_bytes(MASTER_KEY_BYTES)
        new = MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=f"file {self._key_file}")
        try:
            make_private_directory(self._key_file.parent)
            create_durably(self._key_file, encode_master_key(new))
        except FileExistsError:
            pass  # another process was first, and its key is as good
        except OSError as error:
            raise KeyRefused(
                f"file {self._key_file} cannot be made: {reason(error)}",
                advice="make its directory writable, or lay a key there by hand",
            ) from None
        key = self.load()
        if key is None:
            raise KeyRefused(f"file {self._key_file} was taken away as soon as it was made")
        return key

    @override
    def read(self, path: str) -> MasterKey:
        source = f"file {path}"
        content = _content(Path(path), source)
        if content is None:
            raise KeyRefused(f"{source} is not there", advice="`openssl rand -base64 32` makes a key")
        return parse_master_key(content, source)

    @override
    def stage(self, key: MasterKey) -> bool:
        if not self._key_file.exists():
            return False
        try:
            write_durably(self._next, encode_master_key(key))
        except OSError as error:
            raise KeyRefused(
                f"file {self._next} cannot be written: {reason(error)}",
                advice="make the directory of the key file writable; nothing was changed",
            ) from None
        return True

    @override
    def staged(self) -> MasterKey | None:
        source = f"file {self._next}"
        content = _content(self._next, source)
        return None if content is None else parse_master_key(content, source)

    @override
    def promote(self) -> None:
        staged, place = self.staged(), self._place
        if staged is None:
            raise KeyRefused(f"no key is staged beside {place}")
        try:
            # Not by renaming the staged file: a power cut could take that name away before it gives the other.
            write_durably(place, encode_master_key(staged))
        except OSError as error:
            raise KeyRefused(
                f"file {place} cannot be replaced: {reason(error)}",
                advice=f"the database is sealed under the key in {self._next}; the next start puts it in place",
            ) from None
        self.discard()

    @override
    def discard(self) -> None:
        try:
            self._next.unlink(missing_ok=True)
            fsync_directory(self._place.parent)
        except OSError as error:
            raise KeyRefused(
                f"file {self._next} cannot be removed: {reason(error)}", advice="it is not needed; remove it by hand"
            ) from None

    @override
    def places(self) -> list[str]:
        places = [f"the file {self._key_file}"]
        if self._env_key is not None:
            places.append("the environment variable STRONGROOM_MASTER_KEY")
        if self._credential is not None:
            places.append(f"the systemd credential {self._credential}")
        if self._keyring is not None:
            places.append(f"the {self._keyring}")
        return places

    @override
    def elsewhere(self) -> list[str]:
        steps = []
        if self._env_key is not None:
            steps.append("set STRONGROOM_MASTER_KEY to the new key wherever the service gets its environment from")
        if self._credential is not None and self._credential.exists():
            name = self._credential.name
            steps.append(f"store the new key as the systemd credential {name}: `systemd-creds encrypt --name={name} …`")
        if self._keyring is not None:
            steps.append(f"store the new key as the {self._keyring}: `{self._keyring.command}`")
        return steps

    @property
    def _place(self) -> Path:
        """The key file itself, where the configured one is a link to it."""
        return Path(os.path.realpath(self._key_file))

    @property
    def _next(self) -> Path:
        return self._place.with_name(self._place.name + STAGED)

    def _keys(self) -> Iterator[MasterKey]:
        in_file = _content(self._key_file, f"file {self._key_file}")
        if in_file is not None:
            yield parse_master_key(in_file, f"file {self._key_file}")
        if self._env_key is not None:
            yield parse_master_key(self._env_key.reveal().encode("utf-8", "surrogateescape"), _ENVIRONMENT)
        if self._credential is not None:
            source = f"systemd credential {self._credential.name}"
            credential = _content(self._credential, source)
            if credential is not None:
                yield parse_master_key(credential, source)
        if self._keyring is not None:
            yield parse_master_key(self._keyring.read().reveal().encode("utf-8", "surrogateescape"), str(self._keyring))


def _content(path: Path, source: str) -> bytes | None:
    """Return what a place holds, or None if nothing is there."""
    try:
        return read_regular(path, _FILE_LIMIT, follow=True)[0]
    except FileNotFoundError:
        if path.is_symlink():
            raise KeyRefused(f"{source} is a link that leads nowhere") from None
        return None
    except Unfit as error:
        raise KeyRefused(f"{source} {error}", advice="it holds 32 bytes as base64, and nothing else") from None
    except OSError as error:
        raise KeyRefused(f"{source} cannot be read: {reason(error)}", advice="check its permissions") from None
