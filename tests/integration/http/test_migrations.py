import pytest

from app.boot import migrate

IDS = ["012-migrate-gitlab-oauth-to-db", "013-migrate-sessions-to-db", "014-migrate-agent-tokens-to-secrets"]


@pytest.fixture
def tokens(container):
    """The old directory of tokens, with one that can be moved and one that cannot."""
    directory = container.settings().config_dir / "tokens"
    directory.mkdir(mode=0o700, parents=True)
    (directory / "reviewer").write_text("sesame-1\n")
    (directory / "writer").write_text("two lines\nsesame-2\n")
    return directory


def test_every_migration_is_listed_before_any_has_run(client):
    answer = client.get("/migrations").json()

    assert answer == {"migrations": [{"id": id, "sources": [], "imported": []} for id in IDS]}


def test_a_dry_run_reports_and_changes_nothing(client, tokens):
    answer = client.post("/migrations/run", json={"dry_run": True})

    report = answer.json()
    assert (answer.status_code, report["dry_run"], report["backup"]) == (200, True, None)
    assert [migration["id"] for migration in report["migrations"]] == IDS
    assert {source["outcome"] for source in report["migrations"][2]["sources"]} == {"imported", "rejected"}
    assert sorted(path.name for path in tokens.iterdir()) == ["reviewer", "writer"]
    assert client.get("/agents").json() == {"agents": []}


def test_a_run_moves_the_files_and_is_written_down(client, tokens):
    answer = client.post("/migrations/run", json={"dry_run": False})

    assert answer.json()["backup"].startswith("agents.db.bak-")
    assert [path.name for path in tokens.iterdir()] == ["writer"]
    listed = client.get("/migrations").json()["migrations"][2]
    assert [(source["file"], source["outcome"]) for source in listed["sources"]] == [
        ("tokens/reviewer", "imported"),
        ("tokens/writer", "rejected"),
    ]
    assert listed["sources"][1].keys() == {"file", "outcome", "records", "skipped", "reason", "next_step"}
    assert listed["sources"][1]["next_step"]
    assert [(entry["file"], entry["records"]) for entry in listed["imported"]] == [("tokens/reviewer", 1)]
    assert listed["imported"][0]["removed_at"] >= listed["imported"][0]["imported_at"]


def test_readiness_counts_the_files_that_wait_for_a_person(client, container, tokens):
    migrate(container)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "attention": 1, "migrations": {"imported": 1, "rejected": 1}}
    assert client.get("/healthz").json() == answer.json()
