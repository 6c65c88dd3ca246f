"""Connections to forges, for people."""

from collections.abc import Iterator

from app.cli.output import aligned
from app.usecases.oauth.disconnect import Disconnected
from domain.connections import Connection
from domain.instants import format_instant
from domain.ports import Revocation

HEADER = ("FORGE", "STATUS", "ACCOUNT", "EXPIRES", "REMARKS")

_ENDED = {
    Revocation.REVOKED: "its token is revoked there",
    Revocation.REVOKE_FAILED: "its token could not be revoked there (revoke_failed)",
    Revocation.NOT_SUPPORTED: "it has no way to revoke a token there by ourselves (not_supported)",
}


def as_row(connection: Connection) -> tuple[str, ...]:
    """Show a connection on one line."""
    return (
        connection.forge,
        connection.status.value,
        connection.account or "",
        _instant(connection.expires_at),
        connection.reason or connection.last_error or "",
    )


def as_lines(connection: Connection) -> list[str]:
    """Show all that is known of a connection; the next step where there is one."""
    known = (
        ("forge", connection.forge),
        ("status", connection.status.value),
        ("reason", connection.reason),
        ("since", _instant(connection.since)),
        ("account", connection.account),
        ("address", connection.base_url),
        ("scopes", " ".join(connection.scopes or ())),
        ("expires at", _instant(connection.expires_at)),
        ("last refresh", _instant(connection.last_refresh_at)),
        ("last error", connection.last_error if connection.last_error != connection.reason else None),
        ("version", connection.version),
    )
    return aligned((name, value) for name, value in known if value not in {None, ""})


def ended(result: Disconnected) -> Iterator[str]:
    """Say what became of a connection that was ended."""
    if result.revocation is not None:
        yield f"{result.forge} is disconnected; {_ENDED[result.revocation]}"
    if result.advice:
        yield result.advice


def _instant(instant: int | None) -> str:
    return "" if instant is None else format_instant(instant)
