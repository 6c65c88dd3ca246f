"""`strongroom audit`."""

import sqlite3
from contextlib import closing

import pytest


@pytest.fixture
def busy_home(home):
    """A home in which something was done three times."""
    for name in ("a", "b", "a"):
        home.call("secrets", "set", name, stdin="value")
    return home


def tamper(home, sql):
    with closing(sqlite3.connect(home.database)) as connection:
        connection.executescript(sql)


def test_events_are_listed_newest_first(busy_home):
    listed = busy_home.ask("audit", "list")

    assert [(e["sequence"], e["subject"], e["detail"]) for e in listed] == [
        (3, "a", "version 2"),
        (2, "b", "version 1"),
        (1, "a", "version 1"),
    ]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--subject", "a"), [3, 1]),
        (("--action", "secret.read"), []),
        (("--actor", "boot"), []),
        (("--since", "1h"), [3, 2, 1]),
        (("--since", "2099-01-01T00:00:00Z"), []),
        (("--limit", "2"), [3, 2]),
        (("--before", "2"), [1]),
    ],
)
def test_a_list_can_be_narrowed(busy_home, options, found):
    assert [event["sequence"] for event in busy_home.ask("audit", "list", *options)] == found


def test_a_person_is_told_that_there_is_more(busy_home):
    result = busy_home.call("audit", "list", "--limit", "2")

    assert "--before 2" in result.stderr
    assert "secret.write" in result.stdout


@pytest.mark.parametrize("options", [("--action", "nonsense"), ("--since", "soon"), ("--limit", "0")])
def test_what_makes_no_sense_ends_with_2(busy_home, options):
    assert busy_home.error("audit", "list", *options)[0] == 2


def test_a_log_that_is_whole_verifies_and_names_its_head(busy_home):
    verified = busy_home.ask("audit", "verify")

    assert verified["faults"] == []
    assert verified["head"].startswith("3:")
    assert busy_home.ask("audit", "verify", "--known", verified["head"])["faults"] == []


def test_every_fault_is_named_and_ends_with_8(busy_home):
    tamper(busy_home, "UPDATE audit_event SET actor = 'x' WHERE sequence = 1; DELETE FROM audit_event WHERE sequence=3")

    result = busy_home.call("audit", "verify")

    assert result.exit_code == 8
    assert "event 1 " in result.stdout
    assert "event 3 is missing" in result.stdout
    assert "2 faults" in result.stdout


def test_a_head_that_is_gone_ends_with_8_and_one_that_is_none_with_2(busy_home):
    assert busy_home.call("audit", "verify", "--known", f"9:{'f' * 64}").exit_code == 8
    assert busy_home.error("audit", "verify", "--known", "3:x")[0] == 2


def test_pruning_needs_the_word_and_leaves_one_event(busy_home):
    assert busy_home.error("audit", "prune", "--older-than", "0s")[0] == 2
    assert len(busy_home.ask("audit", "list")) == 3

    assert busy_home.ask("audit", "prune", "--older-than", "0s", "--confirm", "audit") == {"pruned": 3}

    (event,) = busy_home.ask("audit", "list")
    assert (event["sequence"], event["action"]) == (4, "audit.prune")
    assert event["detail"].startswith("events forgotten: 3, all before ")
    assert busy_home.ask("audit", "verify")["faults"] == []


def test_pruning_goes_by_the_setting_and_leaves_what_is_younger(busy_home):
    assert busy_home.ask("audit", "prune", "--confirm", "audit") == {"pruned": 0}

    assert len(busy_home.ask("audit", "list")) == 3


def test_a_log_that_does_not_verify_is_not_pruned(busy_home):
    tamper(busy_home, "UPDATE audit_event SET actor = 'x' WHERE sequence = 1")

    code, error = busy_home.error("audit", "prune", "--older-than", "0s", "--confirm", "audit")

    assert (code, error["code"]) == (8, "integrity")
    assert len(busy_home.ask("audit", "list")) == 3


def test_faults_that_are_accepted_go_with_the_events_and_stay_in_the_new_one(busy_home):
    tamper(busy_home, "UPDATE audit_checkpoint SET mac = 'x'")
    assert busy_home.error("secrets", "get", "a")[0] == 8

    busy_home.ask("audit", "prune", "--older-than", "0s", "--accept-faults", "--confirm", "audit")

    assert "faults accepted: 2" in busy_home.ask("audit", "list")[0]["detail"]
    assert busy_home.ask("audit", "verify")["faults"] == []
    assert busy_home.call("secrets", "get", "a").exit_code == 0


def test_a_log_that_was_removed_as_a_whole_stops_everything_until_a_person_begins_a_new_one(busy_home):
    tamper(busy_home, "DELETE FROM audit_event; DELETE FROM audit_checkpoint")

    assert busy_home.call("audit", "verify").exit_code == 8
    assert busy_home.error("secrets", "get", "a")[0] == 8

    busy_home.ask("audit", "prune", "--older-than", "0s", "--accept-faults", "--confirm", "audit")
    assert busy_home.call("audit", "verify").exit_code == 0
    assert busy_home.call("secrets", "get", "a").exit_code == 0


@pytest.mark.parametrize("option", ["--before", "--limit"])
def test_a_number_that_no_database_holds_is_refused(busy_home, option):
    assert busy_home.error("audit", "list", option, "9" * 30)[0] == 2


BROKEN = {
    "no event, and a head that was changed": "DELETE FROM audit_event; UPDATE audit_checkpoint SET mac = 'x'",
    "an event of the far future": "UPDATE audit_event SET at = 4000000000000 WHERE sequence = 1;"
    " UPDATE audit_checkpoint SET chain = 'x' WHERE name = 'head'",
    "an instant that is none": "UPDATE audit_event SET at = 99999999999999999 WHERE sequence = 2;"
    " UPDATE audit_checkpoint SET mac = 'x'",
    "a tail from nowhere": "UPDATE audit_checkpoint SET sequence = 2, chain = 'x' WHERE name = 'tail';"
    " DELETE FROM audit_event; UPDATE audit_checkpoint SET mac = 'x'",
}


@pytest.mark.parametrize("deed", BROKEN)
def test_the_advised_way_out_of_a_broken_log_leads_out(busy_home, deed):
    tamper(busy_home, BROKEN[deed])
    assert busy_home.error("secrets", "get", "a")[0] == 8

    busy_home.ask("audit", "prune", "--older-than", "0s", "--accept-faults", "--confirm", "audit")

    assert busy_home.ask("audit", "verify")["faults"] == []
    assert busy_home.call("secrets", "get", "a").exit_code == 0


def test_an_instant_that_is_none_is_shown_as_that(busy_home):
    tamper(busy_home, "UPDATE audit_event SET at = 99999999999999999 WHERE sequence = 1")

    assert "no instant: 99999999999999999" in busy_home.call("audit", "list").stdout
    assert busy_home.call("doctor").exit_code == 8


@pytest.mark.parametrize("options", [(), ("--older-than", "365d", "--accept-faults")])
def test_pruning_that_leaves_a_log_at_fault_says_so_and_forgets_nothing(busy_home, options):
    tamper(busy_home, "UPDATE audit_event SET actor = 'x' WHERE sequence = 2; UPDATE audit_checkpoint SET mac = 'x'")

    code, error = busy_home.error("audit", "prune", *options, "--confirm", "audit")

    assert (code, error["code"]) == (8, "integrity")
    assert len(busy_home.ask("audit", "list")) == 3
