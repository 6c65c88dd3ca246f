"""`strongroom legacy`: the way back."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.integration.cli.homes import REVIEWER_TOKEN, Home

MOVED = [
    "config/penpot-token",
    "config/tokens/coder",
    "config/tokens/reviewer",
    "state/gitlab-oauth-token.json",
    "state/sessions.json",
]


def damage(home, statement):
    with closing(sqlite3.connect(home.database)) as connection, connection:
        connection.execute(statement)


def last_event(home):
    newest = home.ask("audit", "list")[0]
    return newest["action"], newest["outcome"], newest["detail"]


def test_removed_files_come_back_byte_for_byte(home, tmp_path):
    home.put_old_files()
    before = {path.removeprefix(str(tmp_path)): content for path, content in home.everything().items() if content}
    home.ask("migrate")

    restored = home.ask("legacy", "restore", str(tmp_path / "back"))

    assert restored == {"directory": str(tmp_path / "back"), "files": MOVED, "damaged": []}
    assert {f"/{file}": (tmp_path / "back" / file).read_bytes() for file in MOVED} == before
    assert all((tmp_path / "back" / file).stat().st_mode & 0o777 == 0o600 for file in MOVED)


def test_the_archive_is_listed(moved_home):
    archived = moved_home.ask("legacy", "archive")

    assert [f"{file['root']}/{file['file']}" for file in archived] == MOVED
    assert archived[2]["bytes"] == len(REVIEWER_TOKEN) + 1
    assert archived[2]["mode"] == "0600"


def test_todays_values_are_written_for_the_old_version(moved_home, tmp_path):
    moved_home.ask("agents", "rotate-token", "reviewer", stdin="tok-today")
    moved_home.ask("secrets", "set", "webhook", stdin="of the new version only")

    exported = moved_home.ask("legacy", "export", str(tmp_path / "export"))

    assert exported == {
        "directory": str(tmp_path / "export"),
        "sessions": 2,
        "secrets": 3,
        "oauth_tokens": 1,
        "left_out": ["webhook"],
        "damaged": [],
    }
    assert (tmp_path / "export/config/tokens/reviewer").read_text().strip() == "tok-today"


def test_what_was_exported_can_be_moved_in_again(moved_home, tmp_path):
    moved_home.ask("legacy", "export", str(tmp_path / "again"))

    report = Home(tmp_path / "again").ask("migrate")

    outcomes = {s["file"]: s["outcome"] for migration in report["migrations"] for s in migration["sources"]}
    assert [file for file, outcome in outcomes.items() if outcome == "imported"] == [
        "gitlab-oauth-token.json",
        "sessions.json",
        "penpot-token",
        "tokens/coder",
        "tokens/reviewer",
    ]


@pytest.mark.parametrize("verb", ["restore", "export"])
def test_a_directory_that_is_not_empty_ends_with_6_untouched(moved_home, tmp_path, verb):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()

    result = moved_home.call("legacy", verb, str(tmp_path / "full"))

    assert result.exit_code == 6
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]


@pytest.mark.parametrize("verb", ["restore", "export"])
def test_people_are_warned_of_plain_text(moved_home, tmp_path, verb):
    result = moved_home.call("legacy", verb, str(tmp_path / "new"))

    assert result.stderr.startswith("strongroom: warning: secrets go into")


def test_one_damaged_archived_file_keeps_no_other_back(moved_home, tmp_path):
    damage(
        moved_home,
        "UPDATE legacy_archive_chunk SET sealed = x'0102'"
        " WHERE archive_id = (SELECT id FROM legacy_archive WHERE path = 'penpot-token')",
    )

    result = moved_home.call("legacy", "restore", str(tmp_path / "back"), "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 8
    assert document["files"] == MOVED[1:]
    assert all((tmp_path / "back" / file).is_file() for file in MOVED[1:])
    assert not (tmp_path / "back/config/penpot-token").exists()
    assert [(each["file"], each["code"]) for each in document["damaged"]] == [("config/penpot-token", "not_sealed")]
    assert set(document["damaged"][0]) == {"file", "code", "message", "advice"}
    assert "warning: config/penpot-token is not written: " in result.stderr
    assert last_event(moved_home) == ("legacy.restore", "integrity", "damaged and left out: 1")


def test_damaged_values_keep_no_other_from_being_exported(moved_home, tmp_path):
    damage(
        moved_home,
        "UPDATE secret_version SET sealed = x'0102'"
        " WHERE secret_id = (SELECT id FROM secret WHERE name = 'agent_token:coder')",
    )
    damage(moved_home, "UPDATE operator_oauth_tokens SET sealed_refresh_token = sealed_access_token")

    result = moved_home.call("legacy", "export", str(tmp_path / "export"), "--json")

    document = json.loads(result.stdout)
    written = sorted(str(path.relative_to(tmp_path / "export")) for path in (tmp_path / "export").rglob("*"))
    assert result.exit_code == 8
    assert (document["sessions"], document["secrets"], document["oauth_tokens"]) == (2, 2, 0)
    assert [(each["name"], each["code"]) for each in document["damaged"]] == [
        ("OAuth token of gitlab", "moved"),
        ("agent_token:coder", "not_sealed"),
    ]
    assert set(document["damaged"][0]) == {"name", "code", "message", "advice"}
    assert [path for path in written if (tmp_path / "export" / path).is_file()] == [
        "config/penpot-token",
        "config/tokens/reviewer",
        "state/sessions.json",
    ]
    assert "warning: OAuth token of gitlab is not written: " in result.stderr
    assert "warning: agent_token:coder is not written: " in result.stderr
    assert last_event(moved_home) == ("legacy.export", "integrity", "damaged and left out: 2")
