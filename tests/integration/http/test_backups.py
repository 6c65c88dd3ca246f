import pytest

from adapters.sql import HEAD
from app.boot import open_service
from domain.audit import Action


@pytest.fixture
def made(client, container):
    container.secrets().set("a", "sesame")
    return client.post("/backups")


def backup_file(container, made):
    return container.settings().backup_dir / made.json()["file"]


def test_a_backup_that_was_made_is_verified_and_listed(client, container, made):
    assert made.status_code == 201
    assert made.json()["verified"] is True
    assert made.json()["rows"]["secret"] == 1
    assert made.json()["schema"] == HEAD
    assert backup_file(container, made).stat().st_size == made.json()["bytes"]
    assert client.get("/backups").json() == {"backups": [made.json()]}


def test_the_newest_backup_is_listed_first(client, made):
    newer = client.post("/backups")

    listed = client.get("/backups").json()["backups"]
    assert [each["file"] for each in listed] == [newer.json()["file"], made.json()["file"]]


def test_a_backup_is_verified_again(client, container, made):
    before = len(container.audit().list(limit=100))

    answer = client.post(f"/backups/{made.json()['file']}/verify")

    assert (answer.status_code, answer.json()) == (200, made.json())
    assert len(container.audit().list(limit=100)) == before


def test_a_backup_from_before_a_rotation_is_verified_with_the_keys_it_holds(client, container, made):
    assert client.post("/keys/rotate").status_code == 200

    restarted = open_service(container.settings())  # that has never had the key that was retired
    try:
        assert restarted.backups().verify(made.json()["file"]).sha256 == made.json()["sha256"]
    finally:
        restarted.database().close()


@pytest.mark.parametrize("at", [30, 5_000, -1])
def test_a_backup_with_one_bit_turned_is_not_verified(client, container, made, at):
    file = backup_file(container, made)
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)

    answer = client.post(f"/backups/{made.json()['file']}/verify")

    assert (answer.status_code, answer.json()["code"]) == (500, "integrity")


@pytest.mark.parametrize("name", ["nothing", "..%2Fagents.db", "agents.db.bak-20260101T000000Z", "%00"])
def test_a_name_that_is_no_backup_of_ours_is_not_there(client, name):
    assert client.post(f"/backups/{name}/verify").status_code == 404


def test_making_one_is_an_event(container, made):
    assert container.audit().list(limit=1)[0].action == Action.BACKUP_CREATE


def test_where_none_can_be_written_it_says_so(client, container):
    container.settings().backup_dir.parent.mkdir(exist_ok=True)
    container.settings().backup_dir.write_text("in the way")

    answer = client.post("/backups")

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unusable")


def test_pruning_is_by_the_setting_and_says_what_stays_and_why(client, made):
    newer = client.post("/backups").json()["file"]
    assert client.patch("/settings", json={"backup_keep": "last=1"}).status_code == 200

    planned = client.post("/backups/prune", json={"dry_run": True}).json()
    still = len(client.get("/backups").json()["backups"])
    pruned = client.post("/backups/prune").json()

    assert planned == {
        "dry_run": True,
        "kept": [{"file": newer, "because": ["newest", "newest verified", "last"]}],
        "removed": [made.json()["file"]],
    }
    assert pruned == {**planned, "dry_run": False}
    assert still == 2
    assert [each["file"] for each in client.get("/backups").json()["backups"]] == [newer]


def test_a_backup_is_not_called_prune(client):
    assert client.get("/backups/prune").status_code == 405


def test_who_may_only_read_prunes_nothing(client_with, made):
    assert client_with("read:/backups*").post("/backups/prune").status_code == 403
