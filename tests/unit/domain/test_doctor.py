"""What an error is told as in a check-up."""

from domain.doctor import INCOMPLETE, SCHEMA, Check, Status
from domain.errors import DatabaseUnusable, SchemaIncomplete

LOST = SchemaIncomplete("the database failed", missing="table secret", advice="look into the log")


def test_what_is_missing_is_told_under_the_schema_with_the_check_that_it_stopped():
    check = Check.of_error("backups", LOST)

    assert (check.name, check.status, check.code) == (SCHEMA, Status.FAIL, "database_unusable")
    assert (check.detail, check.advice) == ("backups could not be looked at: the table secret is missing", INCOMPLETE)


def test_the_check_of_the_schema_itself_says_only_what_is_missing():
    assert Check.of_error(SCHEMA, LOST).detail == "the table secret is missing"


def test_the_words_of_an_error_decide_nothing():
    error = DatabaseUnusable("no such table: secret", advice="look into the log")

    check = Check.of_error("backups", error)

    assert (check.name, check.detail, check.advice) == ("backups", "no such table: secret", "look into the log")
