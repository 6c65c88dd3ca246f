"""What the commands about keys say to people."""

from collections.abc import Iterator
from pathlib import Path

from app.cli.output import aligned, counted
from app.usecases.change_master_key import MasterKeyChange
from app.usecases.key_kit import KeyKit
from app.usecases.key_status import KeyStanding
from app.usecases.rotate_data_keys import Rotation
from app.usecases.verify_keys import Verification, opened
from domain.instants import format_instant
from domain.ports import Damage

_SECOND_MS = 1_000


def standing(found: KeyStanding) -> list[str]:
    """Return the screen of `keys status`."""
    proved = (
        "never proved: `strongroom keys kit`, then `strongroom keys kit --prove`"
        if found.kit_proved_at is None
        else f"proved {format_instant(found.kit_proved_at)}"
    )
    facts = [
        ("master key", f"{found.master_fingerprint} ({found.master_source or 'gone from its place'})"),
        ("key kit", proved),
    ]
    rows = [
        (key.id, key.state.value, format_instant(key.created_at), f"{key.rows:,}", f"{key.uses:,}")
        for key in found.sealing_keys
    ]
    return [*aligned(facts), "", *aligned(rows, header=("DATA KEY", "STATE", "MADE", "VALUES", "SEALED EVER"))]


def rotated(done: Rotation) -> Iterator[str]:
    """Say what a rotation did, with its proof."""
    seconds = done.duration_ms / _SECOND_MS
    yield f"{counted(done.resealed, 'value')} sealed again under {done.new_key} in {seconds:.1f} s"
    yield from (f"proof: {line}" for line in done.proof)
    if done.resumed:
        yield "this completed a rotation that was begun before; run it again for a key that is new now"


def changed(change: MasterKeyChange, *, key_file: Path, given: str) -> Iterator[str]:
    """Say what changing the master key did, and what is left to do."""
    yield f"master key {change.new} instead of {change.old}; {counted(change.data_keys, 'data key')} wrapped anew"
    if change.file_replaced:
        yield f"{key_file} holds it now; remove {given} when you have the new kit"
    yield from (f"to do: {step}" for step in change.next_steps)


def verified(found: Verification) -> Iterator[str]:
    """Say how many values opened, under which keys."""
    for key_id, count in sorted(found.by_key.items()):
        yield f"{key_id}: {counted(count, 'value')}"
    yield f"{opened(found.damage, found.values):,} of {counted(found.values, 'value')} opened"


def damaged(found: tuple[Damage, ...]) -> Iterator[str]:
    """Name each value that does not open, and what to do about it."""
    for each in found:
        yield f"{each.code}: {each.message}"
        if each.advice:
            yield f"  {each.advice}"


def kit_text(kit: KeyKit, *, database: Path, key_file: Path) -> list[str]:
    """Return the kit as it is printed: what to keep, and how to restore with it."""
    proved = "never" if kit.proved_at is None else format_instant(kit.proved_at)
    facts = aligned(
        [
            ("key", kit.key.reveal()),
            ("fingerprint", kit.fingerprint),
            ("database", str(database)),
            ("made", format_instant(kit.made_at)),
            ("last proved", proved),
        ]
    )
    return [
        "Strongroom key kit: keep it offline, apart from the backups. With it and the database, or a",
        "backup of it, everything can be read; without it and the key file, nothing can, by anyone.",
        "",
        *facts,
        "",
        "To restore",
        f"1. Put the key, without its spaces, into {key_file} (mode 0600).",
        "2. Put the database, or a backup of it, in its place, if it is lost too.",
        "3. Run `strongroom keys verify`: it opens every value.",
        "To prove this kit, now and once a year: `strongroom keys kit --prove`, and type the key.",
    ]
