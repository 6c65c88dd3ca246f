"""Secrets and their versions as lists, for a program and for a person."""

from collections.abc import Iterator, Mapping, Sequence

from domain.instants import format_instant
from domain.ports import LastAct
from domain.secrets import DamagedVersion, SecretInfo, SecretVersion


def secrets_as_rows(
    secrets: Sequence[SecretInfo],
    damage: Sequence[DamagedVersion] | None,
    reads: Mapping[str, LastAct],
    now: int,
) -> list[tuple[str, int, str, str, str]]:
    """Return name, version, last change, last reading and what is to be said of each."""
    causes = {each.name: f"damaged: {each.cause.replace('_', ' ')}" for each in damage or ()}
    return [
        (
            info.name,
            info.version,
            format_instant(info.updated_at),
            last_read(reads.get(info.name)),
            ", ".join(filter(None, (causes.get(info.name), _expiry(info, now)))),
        )
        for info in secrets
    ]


def deleted_as_document(deleted: Sequence[SecretVersion]) -> list[dict[str, object]]:
    """Return what `secrets list --deleted --json` prints."""
    return [{"name": each.name, "version": each.version, "deleted_at": each.deleted_at} for each in deleted]


def deleted_as_rows(deleted: Sequence[SecretVersion]) -> list[tuple[str, int, str]]:
    """Return name, newest version and when it was deleted."""
    return [(each.name, each.version, format_instant(each.deleted_at or 0)) for each in deleted]


def history_as_rows(versions: Sequence[SecretVersion]) -> Iterator[tuple[int, str, str]]:
    """Return number, instant and state of each version."""
    for version in versions:
        yield version.version, format_instant(version.created_at), _state(version)


def last_read(act: LastAct | None) -> str:
    """Say when a value was last read, and by whom."""
    return "not in the log" if act is None else f"{format_instant(act.at)} by {act.actor}"


def _expiry(info: SecretInfo, now: int) -> str | None:
    if info.expires_at is None:
        return None
    return f"{'expired' if info.expires_at <= now else 'expires'} {format_instant(info.expires_at)}"


def _state(version: SecretVersion) -> str:
    if version.destroyed_at is not None:
        return f"destroyed {format_instant(version.destroyed_at)}"
    if version.deleted_at is not None:
        return f"deleted {format_instant(version.deleted_at)}"
    return "current" if version.current else ""
