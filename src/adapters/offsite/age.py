"""Encryption as a whole, in the format of age (age-encryption.org/v1), by a library written in Rust.

X25519 recipients (`age1…`) and SSH keys (`ssh-ed25519`, `ssh-rsa`); neither plugins nor passphrases.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyrage

from adapters.offsite.streams import Readable, Writable
from domain.errors import Integrity, Invalid
from domain.values import SecretValue

_SSH = ("ssh-ed25519", "ssh-rsa")
_NONCE, _TAG, _CHUNK = 16, 16, 64 * 1_024
_HEADER = re.compile(rb"age-encryption\.org/v1\n.*?\n--- [A-Za-z0-9+/]{43}\n", re.DOTALL)
_NO_MATCH = "No matching keys found"


def parse_recipients(words: Sequence[str]) -> list[Any]:
    """Read public keys: `age1…`, or a word for the kind of an SSH key and the key. Raises `Invalid`, without them."""
    left = " ".join(words).split()
    found = []
    while left:
        kind = left.pop(0)
        try:
            if kind in _SSH:
                found.append(pyrage.ssh.Recipient.from_str(f"{kind} {left.pop(0)}"))
            else:
                found.append(pyrage.x25519.Recipient.from_str(kind))
        except (pyrage.RecipientError, IndexError):
            raise Invalid(
                "offsite_recipients holds what is no age recipient",
                advice="public keys, separated by blanks: age1…, ssh-ed25519 … or ssh-rsa …, without comments",
            ) from None
    return found


def parse_identities(identities: Sequence[SecretValue]) -> list[Any]:
    """Read private keys: `AGE-SECRET-KEY-1…`, or all of an OpenSSH file that has no passphrase.

    Raises `Invalid`, without them.
    """
    if not identities:
        raise Invalid("the copy is encrypted", advice="give the age identity that opens it: --identity-file FILE")
    try:
        return [_identity(each.reveal()) for each in identities]
    except pyrage.IdentityError:
        raise Invalid(
            "what was given is no age identity that we can use",
            advice="AGE-SECRET-KEY-1…, or an OpenSSH private key (ed25519, rsa) without a passphrase",
        ) from None


def encrypt(source: Readable, target: Writable, recipients: Sequence[Any]) -> None:
    """Encrypt `source` to its end, for every one of `recipients`."""
    reader, writer = _Passage(source), _Passage(target)
    try:
        pyrage.encrypt_io(reader, writer, recipients)
    except (pyrage.EncryptError, OSError) as error:
        raise reader.fault or writer.fault or error from None


def decrypt(source: Readable, target: Writable, identities: Sequence[Any]) -> None:
    """Decrypt `source` to its end.

    Raises `Invalid` if no identity opens it, `Integrity` if it is cut off or damaged.
    """
    reader, writer = _Passage(source), _Passage(target)
    try:
        pyrage.decrypt_io(reader, writer, identities)
    except (pyrage.DecryptError, OSError) as error:
        if fault := reader.fault or writer.fault:
            raise fault from None
        if str(error) == _NO_MATCH:
            raise Invalid(
                "no identity that was given opens the copy", advice="give the one that it was encrypted for"
            ) from None
        raise Integrity(
            "the copy does not decrypt to its end: it is damaged or cut off", advice="fetch another one"
        ) from None


def encrypted_length(start: bytes, plain: int) -> int | None:
    """Tell how long the encryption of `plain` bytes is that begins with `start`; None if that is no age header.

    Behind the header come a nonce, and a tag for each chunk.
    """
    header = _HEADER.match(start)
    return header.end() + _NONCE + plain + _TAG * max(1, -(-plain // _CHUNK)) if header else None


def _identity(text: str) -> Any:  # noqa: ANN401 - pyrage has no types
    if text.lstrip().startswith("-----BEGIN"):
        return pyrage.ssh.Identity.from_buffer(text.encode())
    return pyrage.x25519.Identity.from_str(text)


class _Passage:
    """A stream as Rust uses it, which would make a text of its exception and forget what it was."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - either kind
        self._stream = stream
        self.fault: BaseException | None = None

    def read(self, size: int, /) -> bytes:
        with self._kept():
            data: bytes = self._stream.read(size)
            return data

    def write(self, data: bytes, /) -> int:
        with self._kept():
            written: int = self._stream.write(data)
            return written

    def flush(self) -> None:
        """Do nothing: whoever opened the stream closes it."""

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.fault = error
            raise
