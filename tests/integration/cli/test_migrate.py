"""`strongroom migrate`."""

import json

import pytest

from tests.integration.cli.homes import CODER_TOKEN, KEY, REVIEWER_TOKEN, SENTINEL


def outcomes(document):
    return {s["file"]: s["outcome"] for migration in document["migrations"] for s in migration["sources"]}


def test_every_old_file_is_moved_and_reported(old_home):
    report = old_home.ask("migrate")

    assert report == {
        "dry_run": False,
        "backup": report["backup"],
        "duration_ms": report["duration_ms"],
        "migrations": [
            {"id": "012-migrate-gitlab-oauth-to-db", "sources": [imported("gitlab-oauth-token.json")]},
            {"id": "013-migrate-sessions-to-db", "sources": [imported("sessions.json", records=2)]},
            {
                "id": "014-migrate-agent-tokens-to-secrets",
                "sources": [imported("penpot-token"), imported("tokens/coder"), imported("tokens/reviewer")],
            },
        ],
    }
    assert report["backup"].startswith("agents.db.bak-")
    assert old_home.ask("secrets", "get", "agent_token:reviewer")["value"] == REVIEWER_TOKEN


def imported(file, records=1):
    return {"file": file, "outcome": "imported", "records": records, "skipped": 0, "reason": None}


def test_a_dry_run_foretells_the_outcomes_and_writes_nothing(old_home):
    before = old_home.everything()

    report = old_home.ask("migrate", "--dry-run")

    assert report["dry_run"] is True
    assert report["backup"] is None
    assert set(outcomes(report).values()) == {"imported"}
    assert old_home.everything() == before


def test_a_dry_run_over_an_existing_database_writes_nothing(moved_home):
    moved_home.put("tokens/reviewer", "tok-another")
    before = moved_home.everything()

    result = moved_home.call("migrate", "--dry-run", "--json")

    assert result.exit_code == 3
    assert outcomes(json.loads(result.stdout)) == {"tokens/reviewer": "conflict"}
    assert moved_home.everything() == before


def test_without_old_files_there_is_nothing_to_do(home):
    result = home.call("migrate")

    assert result.exit_code == 0
    assert result.stdout == "no old files are here\n"


@pytest.mark.parametrize(
    ("path", "content", "outcome"),
    [
        ("tokens/reviewer", "two words", "rejected"),
        ("sessions.json", f'{{"{KEY}": {{"id": "s", "last_used_at": 1780000000}}, "bad": {{}}}}', "partial"),
    ],
)
def test_a_file_that_needs_a_person_ends_with_3_and_a_next_step(home, path, content, outcome):
    home.put(path, content)

    result = home.call("migrate")

    assert result.exit_code == 3
    assert result.stdout.startswith(f"{outcome}  {path}")
    assert f"\n{outcome}: mend" in result.stdout


def test_what_is_accepted_as_partial_is_settled(home):
    home.put("sessions.json", f'{{"{KEY}": {{"id": "s", "last_used_at": 1780000000}}, "bad": {{}}}}')

    report = home.ask("migrate", "--accept-partial")

    assert outcomes(report) == {"sessions.json": "imported"}
    assert "1 bad of 2 records" in report["migrations"][1]["sources"][0]["reason"]


@pytest.mark.parametrize(
    ("preference", "outcome", "value"), [("database", "superseded", REVIEWER_TOKEN), ("file", "imported", "tok-file")]
)
def test_a_conflict_is_decided_by_the_operator(moved_home, preference, outcome, value):
    moved_home.put("tokens/reviewer", "tok-file")
    assert moved_home.call("migrate").exit_code == 3

    report = moved_home.ask("migrate", "--prefer", preference)

    assert outcomes(report) == {"tokens/reviewer": outcome}
    assert moved_home.ask("secrets", "get", "agent_token:reviewer")["value"] == value


def test_people_read_what_remains_and_which_tokens_to_rotate(old_home):
    old_home.put("tokens/x~", CODER_TOKEN)

    text = old_home.call("migrate").stdout

    assert "\nbackup: agents.db.bak-" in text
    assert "copies may remain on an SSD" in text
    assert "penpot_api_token, agent_token:coder, agent_token:reviewer" in text
    assert "\n6 files: 5 imported, 1 ignored; " in text
    assert SENTINEL not in text


def test_progress_as_json_lines_goes_to_standard_error(old_home):
    result = old_home.call("migrate", "--json", "--progress", "json")

    json.loads(result.stdout)
    events = [json.loads(line) for line in result.stderr.splitlines()]
    last = next(event for event in events if event["stage"] == "moving files" and event["done"] == 5)
    assert (last["event"], last["total"], last["rest"]) == ("progress", 5, 0)
    assert last["rate"] > 0


def test_without_a_terminal_there_is_no_progress(old_home):
    assert old_home.call("migrate").stderr == ""
