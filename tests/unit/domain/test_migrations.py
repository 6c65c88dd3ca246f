"""Outcomes: which wait for a person, and what that person can do."""

import pytest

from domain.migrations import MigrationOutcome, MigrationReport, Outcome, SourceOutcome

WAITING = {Outcome.CONFLICT, Outcome.PARTIAL, Outcome.REJECTED, Outcome.DEFERRED, Outcome.SOURCE_REMAINS}


@pytest.mark.parametrize("outcome", Outcome)
def test_what_waits_for_a_person_has_a_next_step_and_nothing_else_has(outcome):
    assert outcome.needs_attention is (outcome in WAITING)
    assert (outcome.next_step is not None) is (outcome in WAITING)


def test_a_report_gathers_the_sources_of_every_migration():
    removed = SourceOutcome(file="sessions.json", outcome=Outcome.IMPORTED, records=3)
    waiting = SourceOutcome(file="penpot-token", outcome=Outcome.REJECTED, reason="empty")
    report = MigrationReport(
        dry_run=False,
        migrations=(MigrationOutcome(id="013", sources=(removed,)), MigrationOutcome(id="014", sources=(waiting,))),
    )

    assert report.sources == [removed, waiting]
    assert report.attention == [waiting]


def test_an_empty_report_asks_for_nothing():
    assert MigrationReport(dry_run=True).attention == []
