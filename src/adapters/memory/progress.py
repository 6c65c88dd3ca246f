"""Progress reports, collected."""

from typing_extensions import override

from domain.ports import Progress


class MemoryProgress(Progress):
    """Keeps what it was told: `reports` as (stage, done, total), and `notes`."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, int, int]] = []
        self.notes: list[str] = []

    @override
    def report(self, stage: str, done: int, total: int) -> None:
        self.reports.append((stage, done, total))

    @override
    def note(self, message: str) -> None:
        self.notes.append(message)
