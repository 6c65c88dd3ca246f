"""Who did what, in a chain of events that cannot be edited unseen."""

# ruff: noqa: S105 - names of acts, no passwords

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.errors import Invalid

_CHECKPOINT = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


class Action(StrEnum):
    """What can be done that is worth an event. The values are stored: they are never renamed."""

    SECRET_READ = "secret.read"
    SECRET_WRITE = "secret.write"
    SECRET_DELETE = "secret.delete"
    SECRET_UNDELETE = "secret.undelete"
    SECRET_ROLLBACK = "secret.rollback"
    SECRET_DESTROY = "secret.destroy"
    OAUTH_CONNECT = "oauth.connect"
    OAUTH_REFRESH = "oauth.refresh"
    OAUTH_READ = "oauth.read"
    OAUTH_WRITE = "oauth.write"
    OAUTH_DISCONNECT = "oauth.disconnect"
    TOKEN_CREATE = "api_token.create"
    TOKEN_REVOKE = "api_token.revoke"
    KEY_ROTATE = "key.rotate"
    KEY_RETIRE = "key.retire"
    KEY_CHANGE_MASTER = "key.change_master"
    KEY_KIT = "key.kit"
    MIGRATION_RUN = "migration.run"
    LEGACY_RESTORE = "legacy.restore"
    LEGACY_EXPORT = "legacy.export"
    BACKUP_CREATE = "backup.create"
    BACKUP_REMOVE = "backup.remove"
    BACKUP_RESTORE = "backup.restore"
    BACKUP_PUSH = "backup.push"
    BACKUP_FETCH = "backup.fetch"
    MOUNT_OPEN = "mount.open"
    MOUNT_DELIVER = "mount.deliver"
    MOUNT_CLOSE = "mount.close"
    SETTING_CHANGE = "setting.change"
    LOGIN = "login"
    DENIED = "denied"
    AUDIT_PRUNE = "audit.prune"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One event. `actor` is who (`cli:<user>`, `token:<id> <name>`, `peer:<uid>`, `boot`), `subject` on what.

    `action` is an `Action`, or as a text one that a newer version knows. `detail` says more in short,
    never a value. `sequence` counts from 1 without gaps; `at` is ms UTC. `chain` is the keyed hash of
    this event and of the one before (hex).
    """

    sequence: int
    at: int
    actor: str
    action: str
    subject: str
    outcome: str
    detail: str | None
    chain: str

    @property
    def place(self) -> "Checkpoint":
        """Where it stands in the chain."""
        return Checkpoint(sequence=self.sequence, chain=self.chain)

    def link(self, previous: str) -> bytes:
        """Return the bytes whose keyed hash is `chain`: everything the event says, and the chain before it."""
        said = [
            self.sequence,
            self.at,
            self.actor,
            str(self.action),
            self.subject,
            self.outcome,
            self.detail,
            previous,
        ]
        return json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A place in the chain: an event's sequence number and its `chain`. It is kept beside a keyed hash of itself."""

    sequence: int
    chain: str

    def stamp(self, name: str) -> bytes:
        """Return the bytes whose keyed hash vouches for this being the checkpoint `name`."""
        return json.dumps([name, self.sequence, self.chain], ensure_ascii=True, separators=(",", ":")).encode()

    def __str__(self) -> str:
        return f"{self.sequence}:{self.chain}"


def parse_checkpoint(raw: str) -> Checkpoint:
    """Read a checkpoint as `str` writes it: `120:` and 64 hex digits; raises `Invalid`."""
    match = _CHECKPOINT.fullmatch(raw)
    if match is None:
        raise Invalid("not the head of an audit log", advice="`strongroom audit verify` prints it: 120:9f1c…")
    return Checkpoint(sequence=int(match[1]), chain=match[2])


BEGINNING = Checkpoint(sequence=0, chain="0" * 64)
"""Before the first event."""

HEAD, TAIL = "head", "tail"
"""The two checkpoints that are kept: the newest event, and the last one that was pruned."""


def event_behind(  # noqa: PLR0913 - each is a part of the event
    head: Checkpoint,
    *,
    at: int,
    actor: str,
    action: Action,
    subject: str,
    outcome: str,
    detail: str | None,
    chained: Callable[[AuditEvent, str], str],
) -> AuditEvent:
    """Return the event that comes after `head`, its texts on one line; `chained(event, previous)` as in `faults_in`."""
    event = AuditEvent(
        sequence=head.sequence + 1,
        at=at,
        actor=on_one_line(actor),
        action=action,
        subject=on_one_line(subject),
        outcome=on_one_line(outcome),
        detail=None if detail is None else on_one_line(detail),
        chain="",
    )
    return replace(event, chain=chained(event, head.chain))


def faults_in(
    events: Iterable[AuditEvent], *, tail: Checkpoint, head: Checkpoint, chained: Callable[[AuditEvent, str], str]
) -> Iterator[str]:
    """Walk the chain from `tail` to `head`; says what is wrong, each with a sequence number.

    `events` come by sequence number; `chained(event, previous)` returns what `chain` must be. After a
    fault the walk goes on from what it found, so that one edit does not accuse all that follows.
    """
    at = tail
    for event in events:
        if event.sequence <= at.sequence:
            yield f"event {event.sequence} was added: the log begins behind event {tail.sequence}"
            continue
        if event.sequence > at.sequence + 1:
            yield _missing(at.sequence + 1, event.sequence - 1)
        elif chained(event, at.chain) != event.chain:
            yield f"event {event.sequence} is not as it was recorded, or not where"
        at = event.place
    if at.sequence < head.sequence:
        yield _missing(at.sequence + 1, head.sequence)
    elif at.sequence > head.sequence:
        yield f"event {head.sequence + 1} and what follows were added, or the head was put back to {head.sequence}"
    elif at.chain != head.chain:
        yield f"event {at.sequence} is not the one that was recorded last"


def on_one_line(text: str) -> str:
    """Return `text` as an event keeps it: control characters, and what UTF-8 cannot hold, as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _missing(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"
