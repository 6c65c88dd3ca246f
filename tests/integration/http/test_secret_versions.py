"""Versions over HTTP: history, rollback, expiry, and what is said of damaged values."""

import pytest

from domain.instants import DAY_MS
from tests.support.races import THREADS, in_threads

NAME = "deploy:prod/key=1"


@pytest.fixture
def three(client):
    """Three versions of one secret: one, two, three."""
    for value in ("one", "two", "three"):
        client.put(f"/secrets/{NAME}", json={"value": value})


@pytest.mark.usefixtures("three")
def test_versions_are_listed_newest_first_and_without_values(client):
    answer = client.get(f"/secrets/{NAME}/versions")

    document = answer.json()
    versions = document.pop("versions")
    assert document == {"name": NAME, "deleted_at": None, "last_read_at": None, "last_read_by": None}
    assert [(v["version"], v["current"]) for v in versions] == [(3, True), (2, False), (1, False)]
    assert versions[0].keys() == {
        "name",
        "version",
        "created_at",
        "destroyed_at",
        "expires_at",
        "key_id",
        "current",
    }
    assert not {"one", "two", "three"} & set(answer.text.split('"'))


@pytest.mark.usefixtures("three")
def test_versions_of_a_deleted_secret_are_listed(client):
    client.delete(f"/secrets/{NAME}")

    document = client.get(f"/secrets/{NAME}/versions").json()

    assert [v["current"] for v in document["versions"]] == [False] * 3
    assert document["deleted_at"] is not None


@pytest.mark.parametrize("name", ["never", "Not A Name"])
def test_what_never_was_has_no_versions(client, name):
    assert client.get(f"/secrets/{name}/versions").status_code == 404
    assert client.post(f"/secrets/{name}/rollback", json={"version": 1}).status_code == 404


@pytest.mark.usefixtures("three")
def test_a_rollback_is_a_new_version(client):
    answer = client.post(f"/secrets/{NAME}/rollback", json={"version": 1})

    assert (answer.status_code, answer.json()) == (200, {"name": NAME, "version": 4})
    assert answer.headers["ETag"] == '"4"'
    assert client.get(f"/secrets/{NAME}/value").json()["value"] == "one"


@pytest.mark.usefixtures("three")
def test_a_rollback_compares_the_version_that_its_caller_saw(client):
    lost = client.post(f"/secrets/{NAME}/rollback", json={"version": 1}, headers={"If-Match": '"2"'})
    won = client.post(f"/secrets/{NAME}/rollback", json={"version": 1}, headers={"If-Match": '"3"'})

    assert (lost.status_code, lost.headers["ETag"]) == (412, '"3"')
    assert won.json()["version"] == 4


@pytest.mark.usefixtures("three")
def test_of_parallel_rollbacks_of_one_version_exactly_one_wins(client):
    def roll_back(thread):
        headers = {"If-Match": '"3"'}
        return client.post(f"/secrets/{NAME}/rollback", json={"version": 1 + thread % 2}, headers=headers).status_code

    with client:
        statuses = in_threads(roll_back)

    assert sorted(statuses) == [200] + [412] * (THREADS - 1)
    assert client.get(f"/secrets/{NAME}").json()["version"] == 4


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("version", "status"), [(3, 409), (9, 404), (0, 422), (-1, 422), ("1", 422), (None, 422), (2**63, 422)]
)
def test_what_cannot_be_rolled_back_to_changes_nothing(client, version, status):
    answer = client.post(f"/secrets/{NAME}/rollback", json={"version": version})

    assert answer.status_code == status
    assert client.get(f"/secrets/{NAME}").json()["version"] == 3


def test_names_that_end_like_a_route_are_sent_with_their_slash_encoded(client):
    for step in ("versions", "rollback", "value"):
        client.put(f"/secrets/deploy:x%2F{step}", json={"value": "sesame"})

        assert client.get(f"/secrets/deploy:x%2F{step}").json()["name"] == f"deploy:x/{step}"
        assert len(client.get(f"/secrets/deploy:x%2F{step}/versions").json()["versions"]) == 1


def test_a_secret_is_given_until_it_expires_and_listed_after(client, container):
    expires_at = container.clock().now() + 60_000
    client.put("/secrets/a", json={"value": "sesame", "expires_at": expires_at})
    assert client.get("/secrets/a/value").json()["value"] == "sesame"

    with container.database().borrowed() as connection:
        connection.execute("UPDATE secret SET expires_at = ?", (container.clock().now(),))

    gone = client.get("/secrets/a/value")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert "expired" in gone.json()["detail"]
    assert client.get("/secrets/a").json()["expires_at"] < expires_at
    assert [info["name"] for info in client.get("/secrets").json()["secrets"]] == ["a"]


@pytest.mark.parametrize("expires_at", [0, 1, 1_000_000_000, "2030-01-01", 4_102_444_800_000, True])
def test_an_expiry_that_is_past_or_no_instant_is_unprocessable(client, expires_at):
    answer = client.put("/secrets/a", json={"value": "sesame", "expires_at": expires_at})

    assert answer.status_code == 422
    assert client.get("/secrets/a").status_code == 404


def test_a_new_value_ends_an_expiry(client, container):
    client.put("/secrets/a", json={"value": "x", "expires_at": container.clock().now() + DAY_MS})

    client.put("/secrets/a", json={"value": "y"})

    assert client.get("/secrets/a").json()["expires_at"] is None


def damage(container, name):
    with container.database().borrowed() as connection:
        connection.execute(
            "UPDATE secret_version SET sealed = 'plaintext'"
            " WHERE secret_id = (SELECT id FROM secret WHERE name = ?)"
            " AND version = (SELECT version FROM secret WHERE name = ?)".replace("'plaintext'", "x'706c61696e'"),
            (name, name),
        )


def test_a_list_flags_damaged_values_when_asked_to_look(client, container):
    for name in ("a", "b"):
        client.put(f"/secrets/{name}", json={"value": "x"})
    damage(container, "a")

    plain, checked = client.get("/secrets"), client.get("/secrets?check=1")

    assert "damaged" not in plain.json()["secrets"][0]
    assert checked.status_code == 200
    assert [(s["name"], s["damaged"], s["cause"]) for s in checked.json()["secrets"]] == [
        ("a", True, "not_sealed"),
        ("b", False, None),
    ]
    assert client.get("/secrets?check=yes").status_code == 422


@pytest.mark.parametrize("how", ["overwrite", "roll back", "delete"])
def test_a_damaged_value_can_be_got_rid_of_without_being_opened(client, container, how):
    for value in ("one", "two"):
        client.put("/secrets/a", json={"value": value})
    damage(container, "a")
    assert client.get("/secrets/a/value").json()["code"] == "integrity"

    answer = {
        "overwrite": lambda: client.put("/secrets/a", json={"value": "one"}, headers={"If-Match": '"2"'}),
        "roll back": lambda: client.post("/secrets/a/rollback", json={"version": 1}, headers={"If-Match": '"2"'}),
        "delete": lambda: client.delete("/secrets/a", headers={"If-Match": '"2"'}),
    }[how]()

    assert answer.status_code in {200, 204}
    value = client.get("/secrets/a/value")
    assert value.status_code == 404 if how == "delete" else value.json()["value"] == "one"
