"""What every migration ledger does."""

from dataclasses import replace

import pytest

from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.migrations import LedgerEntry, MigrationOutcome, Outcome, SourceOutcome
from tests.support.races import in_threads

SESSIONS = "013-migrate-sessions-to-db"
TOKENS = "014-migrate-agent-tokens-to-secrets"
ENTRY = LedgerEntry(migration_id=TOKENS, file="tokens/reviewer", digest="d1", records=1, imported_at=NOON)
OUTCOMES = [
    MigrationOutcome(
        id=SESSIONS,
        sources=(SourceOutcome(file="sessions.json", outcome=Outcome.PARTIAL, records=3, reason="2 records: 'ü🔑'"),),
    ),
    MigrationOutcome(
        id=TOKENS,
        sources=(
            SourceOutcome(file="penpot-token", outcome=Outcome.IMPORTED, records=1),
            SourceOutcome(file="tokens/builder", outcome=Outcome.CONFLICT, records=1, reason="another value"),
        ),
    ),
]


class MigrationLedgerContract:
    """Subclasses override `ledger`: an empty one."""

    @pytest.fixture
    def ledger(self):
        raise NotImplementedError

    def test_an_empty_ledger_knows_nothing(self, ledger):
        assert ledger.knows(TOKENS, "d1") is False
        assert ledger.entries() == []
        assert ledger.latest() == []

    def test_what_was_recorded_is_known(self, ledger):
        ledger.record(ENTRY)

        assert ledger.knows(TOKENS, "d1") is True
        assert ledger.entries() == [ENTRY]

    def test_a_value_is_known_to_its_migration_only(self, ledger):
        ledger.record(ENTRY)

        assert ledger.knows(SESSIONS, "d1") is False
        assert ledger.knows(TOKENS, "d2") is False
        assert ledger.knows(TOKENS, "D1") is False

    def test_the_same_value_twice_is_one_entry(self, ledger):
        ledger.record(ENTRY)
        ledger.record(replace(ENTRY, imported_at=NOON + 1))

        assert len(ledger.entries()) == 1
        assert ledger.knows(TOKENS, "d1") is True

    def test_two_values_of_one_file_are_two_entries(self, ledger):
        ledger.record(ENTRY)
        ledger.record(replace(ENTRY, digest="d2", imported_at=NOON + 1))

        assert len(ledger.entries()) == 2

    def test_entries_are_sorted_by_migration_and_file(self, ledger):
        for migration, file, digest in [(TOKENS, "tokens/b", "1"), (TOKENS, "tokens/B", "2"), (SESSIONS, "x", "3")]:
            ledger.record(replace(ENTRY, migration_id=migration, file=file, digest=digest))

        assert [(entry.migration_id, entry.file) for entry in ledger.entries()] == [
            (SESSIONS, "x"),
            (TOKENS, "tokens/B"),
            (TOKENS, "tokens/b"),
        ]

    def test_a_removal_is_written_down_and_the_value_stays_known(self, ledger):
        ledger.record(ENTRY)
        ledger.record(replace(ENTRY, digest="d2"))

        ledger.mark_removed(TOKENS, "d1", NOON + 5)

        removed = {entry.digest: entry.removed_at for entry in ledger.entries()}
        assert removed == {"d1": NOON + 5, "d2": None}
        assert ledger.knows(TOKENS, "d1") is True

    def test_a_removal_of_what_is_unknown_is_no_error(self, ledger):
        ledger.mark_removed(TOKENS, "d1", NOON)

        assert ledger.entries() == []

    def test_recording_what_was_removed_again_keeps_one_entry(self, ledger):
        ledger.record(ENTRY)
        ledger.mark_removed(TOKENS, "d1", NOON + 5)
        ledger.record(replace(ENTRY, imported_at=NOON + 9))

        assert len(ledger.entries()) == 1

    def test_the_latest_outcomes_come_back_as_they_were(self, ledger):
        ledger.publish(OUTCOMES)

        assert ledger.latest() == OUTCOMES

    def test_publishing_replaces_what_was_there(self, ledger):
        ledger.publish(OUTCOMES)
        settled = [replace(OUTCOMES[1], sources=(replace(OUTCOMES[1].sources[0], outcome=Outcome.SOURCE_REMAINS),))]

        ledger.publish(settled)

        assert ledger.latest() == settled

    def test_publishing_the_same_twice_changes_nothing(self, ledger):
        ledger.publish(OUTCOMES)
        ledger.publish([*OUTCOMES])

        assert ledger.latest() == OUTCOMES

    def test_publishing_nothing_leaves_nothing(self, ledger):
        ledger.publish(OUTCOMES)
        ledger.publish([])

        assert ledger.latest() == []

    @pytest.mark.parametrize("outcome", Outcome)
    def test_every_outcome_can_be_published(self, ledger, outcome):
        published = [MigrationOutcome(id=SESSIONS, sources=(SourceOutcome(file="sessions.json", outcome=outcome),))]

        ledger.publish(published)

        assert ledger.latest() == published

    def test_threads_that_record_one_value_make_one_entry(self, ledger):
        in_threads(lambda _thread: ledger.record(ENTRY))

        assert ledger.entries() == [ENTRY]
