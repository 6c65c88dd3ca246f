"""TLS with the certificate and the key that the settings name, both checked before anything listens."""

import ssl
import stat
from collections.abc import Callable
from pathlib import Path

from app.settings import Settings
from domain.errors import Invalid

_CERTIFICATE, _KEY = "STRONGROOM_TLS_CERT_FILE", "STRONGROOM_TLS_KEY_FILE"
_MISMATCH = "KEY_VALUES_MISMATCH"
_FOR_EVERYBODY = stat.S_IRWXO


def tls_context(settings: Settings, *, warn: Callable[[str], None]) -> ssl.SSLContext | None:
    """Return what TCP connections are wrapped in, None if no certificate is named; `warn` is given a line.

    Raises `Invalid` if one file is named without the other, cannot be read, or does not fit the other.
    """
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        given, missing = (_CERTIFICATE, _KEY) if key is None else (_KEY, _CERTIFICATE)
        raise Invalid(f"{given} is set and {missing} is not", advice=f"set {missing} too, or neither of them")
    _refuse_unreadable(certificate, _CERTIFICATE)
    _refuse_unreadable(key, _KEY)
    context = _loaded(certificate, key)
    if key.stat().st_mode & _FOR_EVERYBODY:
        warn(f"every user of this machine may open the TLS key {key}: `chmod o= {key}`")
    return context


def _refuse_unreadable(path: Path, setting: str) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Invalid(f"{setting}: cannot read {path}: {reason}", advice="name a PEM file that we may read") from error


def _loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_refuse_encrypted)
    except ssl.SSLError as error:
        raise _explanation(error, certificate, key) from error
    return context


def _refuse_encrypted() -> str:
    """Answer OpenSSL when it asks for a password; without us it would ask on the terminal, and wait."""
    raise Invalid(
        f"{_KEY}: the key is encrypted, and nobody is there to be asked for its password",
        advice="decrypt it with `openssl pkey -in KEY -out FILE`, in a file that only we may read",
    )


def _explanation(error: ssl.SSLError, certificate: Path, key: Path) -> Invalid:
    if not _is_certificate(certificate):
        return Invalid(f"{_CERTIFICATE}: {certificate} holds no certificate", advice="a PEM file is needed, ours first")
    if error.reason == _MISMATCH:
        return Invalid(f"{key} is not the key of {certificate}", advice=f"{_CERTIFICATE} begins with our certificate")
    reason = (error.reason or "unknown").lower().replace("_", " ")
    return Invalid(
        f"{key} and {certificate} cannot be used: {reason}",
        advice=f"{_KEY} names an unencrypted key in PEM, of a size that OpenSSL takes",
    )


def _is_certificate(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (ssl.SSLError, ValueError):
        return False
    return True
