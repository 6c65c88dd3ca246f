"""Secrets and their versions as lists, for a program and for a person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from app.cli.output import aligned, counted
from app.usecases.forget_damaged import Forgotten
from domain.instants import format_instant
from domain.ports import Damage, LastAct
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


def forgotten_as_document(forgotten: Forgotten, left: Sequence[Damage]) -> dict[str, object]:
    """Return what `secrets forget-damaged --json` prints; `left` is damaged still."""
    return {
        "backup": forgotten.backup,
        "forgotten": [asdict(damage) for damage in forgotten.versions],
        "damaged": [asdict(damage) for damage in left],
    }


def forgotten_as_text(forgotten: Forgotten, left: Sequence[Damage]) -> list[str]:
    """Return the screen, from the same facts."""
    if forgotten.versions:
        rows = [(damage.name, damage.version, damage.cause) for damage in forgotten.versions]
        told = f"{counted(len(rows), 'damaged value')} forgotten; the backup {forgotten.backup} holds them"
        return [*aligned(rows, header=("NAME", "VERSION", "CAUSE")), told]
    if left:
        return ["there is nothing to forget, but something else is damaged"]
    return ["every value opens: there is nothing to forget"]


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
