"""Answers of forges in memory."""

from threading import Lock

from typing_extensions import override

from domain.ports import AnswerJournal, JournalledAnswer


class MemoryAnswerJournal(AnswerJournal):
    """Answers in a dict, where there is always room."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: dict[str, JournalledAnswer] = {}

    @override
    def reserve(self, forge: str) -> None:
        pass

    @override
    def write(self, forge: str, answer: JournalledAnswer) -> None:
        with self._lock:
            self._answers[forge] = answer

    @override
    def read(self, forge: str) -> JournalledAnswer | None:
        with self._lock:
            return self._answers.get(forge)

    @override
    def clear(self, forge: str) -> None:
        with self._lock:
            self._answers.pop(forge, None)
