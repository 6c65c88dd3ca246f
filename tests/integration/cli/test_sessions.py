"""`strongroom sessions`."""

from tests.integration.cli.homes import KEY, NEWER_KEY


def test_a_session_is_printed_bare(moved_home):
    assert moved_home.call("sessions", "get", KEY).stdout == "session-1\n"


def test_a_session_as_json_has_its_instants(moved_home):
    assert moved_home.ask("sessions", "get", KEY) == {
        "key": KEY,
        "session_id": "session-1",
        "last_used_at": 1_780_000_000_000,
        "created_at": 1_780_000_000_000,
    }


def test_a_key_without_a_session_ends_with_5(home):
    assert home.error("sessions", "get", KEY)[0] == 5
    assert home.error("sessions", "delete", KEY)[0] == 5
    assert home.error("sessions", "get", "no key at all")[0] == 5


def test_what_was_set_is_got_and_deleted(home):
    home.ask("sessions", "set", KEY, "abc")
    assert home.ask("sessions", "get", KEY)["session_id"] == "abc"

    home.ask("sessions", "delete", KEY)

    assert home.call("sessions", "get", KEY).exit_code == 5


def test_a_malformed_key_ends_with_2(home):
    code, error = home.error("sessions", "set", "no-key", "abc")

    assert (code, error["code"]) == (2, "invalid")


def test_a_list_is_cut_and_continued(moved_home):
    assert [s["key"] for s in moved_home.ask("sessions", "list", "--limit", "1")] == [KEY]
    assert [s["key"] for s in moved_home.ask("sessions", "list", "--after", KEY)] == [NEWER_KEY]
    assert [s["key"] for s in moved_home.ask("sessions", "list", "--prefix", "gitlab:")] == [NEWER_KEY]


def test_an_empty_list_is_an_empty_document(home):
    assert home.ask("sessions", "list") == []
    assert home.call("sessions", "list").stdout == ""


def test_pruning_first_says_and_then_does(home):
    home.put("sessions.json", f'{{"{KEY}": {{"id": "old", "last_used_at": 1000000000}}}}')
    home.ask("migrate")
    home.ask("sessions", "set", NEWER_KEY, "new")

    assert home.ask("sessions", "prune", "--dry-run") == {"dry_run": True, "pruned": 1}
    assert home.ask("sessions", "prune", "--older-than", "36500d")["pruned"] == 0
    assert home.ask("sessions", "prune") == {"dry_run": False, "pruned": 1}
    assert [s["key"] for s in home.ask("sessions", "list")] == [NEWER_KEY]


def test_a_duration_without_a_unit_ends_with_2(home):
    assert home.error("sessions", "prune", "--older-than", "30")[0] == 2
