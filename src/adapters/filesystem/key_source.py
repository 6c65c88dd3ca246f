"""The master key in a file, in the environment or as a systemd credential."""

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import override

from adapters.filesystem.atomic import create_durably, make_private_directory
from adapters.filesystem.faults import reason
from adapters.filesystem.reading import Unfit, read_regular
from domain.errors import KeyRefused
from domain.keys import MASTER_KEY_BYTES, KeyMaterial, MasterKey, fingerprint
from domain.ports import KeySource
from domain.values import SecretValue

_FILE_LIMIT = 4_096
_ENVIRONMENT = "environment STRONGROOM_MASTER_KEY"
_FORM = f"it holds {MASTER_KEY_BYTES} bytes as base64: `openssl rand -base64 {MASTER_KEY_BYTES}` makes such a key"


class MasterKeySource(KeySource):
    """The key file, the text of the environment variable and the credential file; the latter two may be None.

    All that are there must hold the same key; the first of them is named as its source. A new key
    goes into the key file.
    """

    def __init__(self, *, key_file: Path, env_key: SecretValue | None, credential: Path | None) -> None:
        self._key_file = key_file
        self._env_key = env_key
        self._credential = credential

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
        line = base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)) + b"\n"
        try:
            make_private_directory(self._key_file.parent)
            create_durably(self._key_file, line)
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
    def places(self) -> list[str]:
        places = [f"the file {self._key_file}"]
        if self._env_key is not None:
            places.append("the environment variable STRONGROOM_MASTER_KEY")
        if self._credential is not None:
            places.append(f"the systemd credential {self._credential}")
        return places

    def _keys(self) -> Iterator[MasterKey]:
        in_file = _content(self._key_file, f"file {self._key_file}")
        if in_file is not None:
            yield _parsed(in_file, f"file {self._key_file}")
        if self._env_key is not None:
            yield _parsed(self._env_key.reveal().encode("utf-8", "surrogateescape"), _ENVIRONMENT)
        if self._credential is not None:
            source = f"systemd credential {self._credential.name}"
            credential = _content(self._credential, source)
            if credential is not None:
                yield _parsed(credential, source)


def _content(path: Path, source: str) -> bytes | None:
    """Return what a place holds, or None if nothing is there."""
    try:
        return read_regular(path, _FILE_LIMIT, follow=True)[0]
    except FileNotFoundError:
        if path.is_symlink():
            raise KeyRefused(f"{source} is a link that leads nowhere") from None
        return None
    except Unfit as error:
        raise KeyRefused(f"{source} {error}", advice=_FORM) from None
    except OSError as error:
        raise KeyRefused(f"{source} cannot be read: {reason(error)}", advice="check its permissions") from None


def _parsed(content: bytes, source: str) -> MasterKey:
    text = content.strip()
    if not text:
        raise KeyRefused(f"{source} is empty", advice=_FORM)
    raw = _decoded(text)
    if raw is None:
        raise KeyRefused(f"{source} is not base64", advice=_FORM)
    if len(raw) != MASTER_KEY_BYTES:
        raise KeyRefused(f"{source} holds {len(raw)} bytes, {MASTER_KEY_BYTES} are needed", advice=_FORM)
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=source)


def _decoded(text: bytes) -> bytes | None:
    """Decode the standard alphabet, with padding and without spare bits; None for anything else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if base64.b64encode(raw) == text else None
