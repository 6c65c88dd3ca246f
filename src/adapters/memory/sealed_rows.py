"""Sealed values in memory: which data key each of them names, and which do not open."""

from collections import Counter
from collections.abc import Callable
from threading import Lock

from typing_extensions import override

from domain.errors import Integrity, NotSealed, Tampered
from domain.ports import Damage, DataKeyStore, SealedRows


class MemorySealedRows(SealedRows):
    """Rows of one value each. `keys` is asked which key is active."""

    def __init__(self, keys: Callable[[], DataKeyStore]) -> None:
        self._keys = keys
        self._lock = Lock()
        self._rows: dict[str, str] = {}
        self._damaged: dict[str, Damage] = {}
        self._unsealed: set[str] = set()

    def put(self, row: str, key_id: str) -> None:
        """Have a value that names a key."""
        with self._lock:
            self._rows[row] = key_id
            self._damaged.pop(row, None)
            self._unsealed.discard(row)

    def damage(self, row: str) -> None:
        """Let a value not open any more."""
        with self._lock:
            message = f"the bytes of the value {row} were changed"
            self._damaged[row] = _damage(row, Tampered(message), self._rows[row])

    def expose(self, row: str) -> None:
        """Let plaintext stand where a sealed value was."""
        with self._lock:
            self._unsealed.add(row)
            self._damaged[row] = _damage(row, NotSealed(f"the value {row} was never sealed"), None)

    def count_sealed(self) -> dict[str, int]:
        """Count the values that name each key, without those that only their row says are sealed."""
        with self._lock:
            return dict(Counter(key for row, key in self._rows.items() if row not in self._unsealed))

    def count_unsealed(self) -> int:
        """Count the values that are not sealed."""
        with self._lock:
            return len(self._unsealed)

    @override
    def count_by_key(self) -> dict[str, int]:
        with self._lock:
            return dict(Counter(self._rows.values()))

    @override
    def reseal(self, key_id: str, *, limit: int) -> int:
        active = next(key.id for key in self._keys().list() if key.seals_now)
        with self._lock:
            found = [row for row, key in self._rows.items() if key == key_id and row not in self._damaged][:limit]
            self._rows.update(dict.fromkeys(found, active))
        return len(found)

    @override
    def verify(self, *, on_progress: Callable[[int, int], None] | None = None) -> list[Damage]:
        with self._lock:
            total = len(self._rows)
            damaged = [self._damaged[row] for row in sorted(self._damaged)]
        if on_progress is not None:
            on_progress(total, total)
        return damaged


def _damage(row: str, error: Integrity, key_id: str | None) -> Damage:
    return Damage(
        table="memory",
        row=row,
        subject=f"the value {row}",
        code=error.cause,
        message=error.message,
        key_id=key_id,
    )
