"""The JSON documents about keys that the command line and HTTP both show."""

from dataclasses import asdict

from app.usecases.key_status import KeyStanding
from app.usecases.rotate_data_keys import Rotation
from app.usecases.verify_keys import fault_of
from domain.ports import Damage


def key_standing(standing: KeyStanding) -> dict[str, object]:
    """Show how the keys stand. Instants in milliseconds UTC; `limit` is how many values a key may seal."""
    return {
        "master_key": {"fingerprint": standing.master_fingerprint, "source": standing.master_source},
        "data_keys": [{**asdict(key), "state": key.state.value} for key in standing.sealing_keys],
        "digest_key": standing.digest_key,
        "kit_proved_at": standing.kit_proved_at,
        "warnings": standing.warnings,
    }


def rotation(done: Rotation) -> dict[str, object]:
    """Show what a rotation did, and the proof; where a value is damaged, the error as well."""
    return {
        "new_key": done.new_key,
        "resumed": done.resumed,
        "resealed": done.resealed,
        "seconds": done.duration_ms / 1_000,
        "retired": done.retired,
        "kept": done.kept,
        "values": done.values,
        "proof": done.proof,
        **damage(done.damage, done.values),
    }


def damage(found: tuple[Damage, ...], values: int) -> dict[str, object]:
    """Show the values that do not open, and the error that stands for them all; nothing if there are none."""
    error = fault_of(found, values)
    if error is None:
        return {"damaged": []}
    return {
        "damaged": [asdict(each) for each in found],
        "error": {"code": error.code, "message": error.message, "advice": error.advice},
    }
