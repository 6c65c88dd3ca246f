"""Progress that nobody watches."""

from typing_extensions import override

from domain.ports import Progress


class Silence(Progress):
    """Says nothing."""

    @override
    def report(self, stage: str, done: int, total: int) -> None:
        pass

    @override
    def note(self, message: str) -> None:
        pass
