"""Errors: each a fact with a code of its own."""

import pytest

from domain.errors import DatabaseUnusable, DomainError, Integrity, KeyRefused, SchemaIncomplete, VersionConflict
from domain.legacy.text import Malformed
from domain.ports.legacy_file_source import SourceChanged, SourceRemains, SourceTooLarge, SourceUnreadable


def leaves(kind=DomainError):
    for child in kind.__subclasses__():
        yield child
        yield from leaves(child)


def test_every_error_has_a_code_of_its_own():
    damages = {*leaves(Integrity)} - {KeyRefused}
    errors = {DomainError, *leaves()} - damages - {SchemaIncomplete}
    codes = [error.code for error in errors if error.__module__.startswith("domain.")]

    assert len(set(codes)) == len(codes) > 10
    assert {Malformed.code, SourceChanged.code, SourceRemains.code, SourceTooLarge.code, SourceUnreadable.code} < {
        *codes
    }


def test_every_kind_of_damage_has_the_code_of_all_and_a_cause_of_its_own():
    damages = [Integrity, *leaves(Integrity)]

    assert len({damage.cause for damage in damages}) == len(damages) == 6
    assert {damage.code for damage in damages} == {"integrity", "key_refused"}


def test_what_is_missing_in_a_schema_makes_a_database_unusable():
    error = SchemaIncomplete("the database failed", missing="table secret", advice="look")

    assert isinstance(error, DatabaseUnusable)
    assert (error.code, error.missing, error.advice) == (DatabaseUnusable.code, "table secret", "look")


@pytest.mark.parametrize("advice", [None, "try again"])
def test_an_error_carries_its_message_and_advice(advice):
    error = DomainError("it did not work", advice=advice)

    assert (str(error), error.message, error.advice) == ("it did not work", "it did not work", advice)


def test_a_version_conflict_says_who_and_both_versions():
    error = VersionConflict("agent_token:reviewer", expected=1, actual=3)

    assert error.message == "agent_token:reviewer is at version 3, not at 1"
    assert (error.expected, error.actual, error.code) == (1, 3, "version_conflict")
    assert error.advice
