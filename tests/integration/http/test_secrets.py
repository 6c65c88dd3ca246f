import pytest

from domain.audit import Action

NAME = "deploy:prod/key=1"
SHOWN = {"name", "version", "created_at", "updated_at", "key_id", "expires_at", "last_read_at", "last_read_by"}


def test_a_new_secret_is_created_and_a_known_one_changed(client):
    created = client.put(f"/secrets/{NAME}", json={"value": "one"})
    changed = client.put(f"/secrets/{NAME}", json={"value": "two"})

    assert (created.status_code, created.json()) == (201, {"name": NAME, "version": 1})
    assert (changed.status_code, changed.json()) == (200, {"name": NAME, "version": 2})
    assert changed.headers["ETag"] == '"2"'


def test_metadata_shows_a_version_as_entity_tag_and_no_value(client):
    client.put(f"/secrets/{NAME}", json={"value": "sesame"})

    answer = client.get(f"/secrets/{NAME}")

    assert answer.json().keys() == SHOWN
    assert answer.headers["ETag"] == '"1"'
    assert "sesame" not in answer.text


def test_a_value_is_shown_on_its_own_route_and_not_stored_on_the_way(client):
    client.put(f"/secrets/{NAME}", json={"value": "sesame ✓\n"})

    answer = client.get(f"/secrets/{NAME}/value")

    shown = answer.json()
    assert (shown["name"], shown["value"], shown["version"]) == (NAME, "sesame ✓\n", 1)
    assert shown.keys() == {"name", "value", "version", "created_at", "updated_at"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["ETag"] == '"1"'


def test_a_name_that_ends_in_value_is_sent_with_its_slash_encoded(client):
    client.put("/secrets/deploy:x%2Fvalue", json={"value": "sesame"})

    assert client.get("/secrets/deploy:x%2Fvalue").json()["name"] == "deploy:x/value"
    assert client.get("/secrets/deploy:x/value/value").json()["value"] == "sesame"
    assert client.get("/secrets/deploy:x/value").status_code == 404


def test_a_listing_shows_names_and_versions(client):
    for name in ("b", "a"):
        client.put(f"/secrets/{name}", json={"value": "x"})

    answer = client.get("/secrets").json()

    assert [(secret["name"], secret["version"]) for secret in answer["secrets"]] == [("a", 1), ("b", 1)]


def test_a_lost_compare_writes_nothing_and_says_what_is_there(client):
    client.put("/secrets/a", json={"value": "one"})

    won = client.put("/secrets/a", json={"value": "two"}, headers={"If-Match": '"1"'})
    lost = client.put("/secrets/a", json={"value": "three"}, headers={"If-Match": '"1"'})

    assert won.status_code == 200
    assert (lost.status_code, lost.json()["code"], lost.headers["ETag"]) == (412, "version_conflict", '"2"')
    assert client.get("/secrets/a/value").json()["value"] == "two"


def test_a_secret_can_be_made_only_if_it_is_not_there(client):
    first = client.put("/secrets/a", json={"value": "one"}, headers={"If-None-Match": "*"})
    second = client.put("/secrets/a", json={"value": "two"}, headers={"If-None-Match": "*"})

    assert (first.status_code, second.status_code) == (201, 412)
    assert client.get("/secrets/a/value").json()["value"] == "one"


@pytest.mark.parametrize("tag", ["3", '"x"', 'W/"3"', '"1", "2"', "*", "", '"-1"', '"99999999999999999999"'])
def test_an_if_match_that_is_no_single_version_is_unprocessable(client, tag):
    answer = client.put("/secrets/a", json={"value": "one"}, headers={"If-Match": tag})

    assert answer.status_code == 422
    assert client.get("/secrets/a").status_code == 404


@pytest.mark.parametrize("headers", [{"If-None-Match": '"1"'}, {"If-None-Match": "*", "If-Match": '"1"'}])
def test_other_conditions_are_unprocessable(client, headers):
    answer = client.put("/secrets/a", json={"value": "one"}, headers=headers)

    assert answer.status_code == 422


def test_a_delete_compares_versions_too(client):
    client.put("/secrets/a", json={"value": "one"})

    lost = client.delete("/secrets/a", headers={"If-Match": '"7"'})
    malformed = client.delete("/secrets/a", headers={"If-Match": "7"})

    assert (lost.status_code, lost.headers["ETag"], malformed.status_code) == (412, '"1"', 422)
    assert client.get("/secrets/a").status_code == 200
    assert client.delete("/secrets/a", headers={"If-Match": '"1"'}).status_code == 204
    assert client.delete("/secrets/a", headers={"If-Match": '"1"'}).status_code == 412


def test_a_deleted_secret_is_gone_and_its_versions_never_come_again(client):
    client.put("/secrets/a", json={"value": "one"})

    deleted = client.delete("/secrets/a")

    assert deleted.status_code == 204
    assert client.get("/secrets/a").status_code == 404
    assert client.get("/secrets/a/value").status_code == 404
    assert client.delete("/secrets/a").status_code == 404
    again = client.put("/secrets/a", json={"value": "one"})
    assert (again.status_code, again.json()["version"]) == (201, 2)


@pytest.mark.parametrize("name", ["Upper", "a b", "a/b", "agent_token:", "a:" + "x" * 201, ""])
def test_a_malformed_name_is_not_there_and_cannot_be_put(client, name):
    answers = [client.get(f"/secrets/{name}"), client.delete(f"/secrets/{name}")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert client.put(f"/secrets/{name}", json={"value": "x"}).status_code == 422


@pytest.mark.parametrize("value", ["", "x" * 65_536, "✓" * 21_845])
def test_a_value_may_be_empty_and_64_kib_long(client, value):
    client.put("/secrets/a", json={"value": value})

    assert client.get("/secrets/a/value").json()["value"] == value


@pytest.mark.parametrize("value", ["x" * 65_537, "a\x00b", None, 7, ["x"]])
def test_a_value_that_cannot_be_kept_is_unprocessable(client, value):
    answer = client.put("/secrets/a", json={"value": value})

    assert answer.status_code == 422


def test_a_token_is_one_line(client):
    answer = client.put("/secrets/agent_token:reviewer", json={"value": "one\ntwo"})

    assert answer.status_code == 422


def test_a_damaged_secret_is_named_and_the_others_go_on(client, container):
    client.put("/secrets/a", json={"value": "one"})
    client.put("/secrets/b", json={"value": "two"})
    with container.database().borrowed() as connection:
        connection.execute("UPDATE secret_version SET sealed = x'00' WHERE rowid = 1")

    damaged, fine = client.get("/secrets/a/value"), client.get("/secrets/b/value")

    assert (damaged.status_code, damaged.json()["code"]) == (500, "integrity")
    assert "secret a" in damaged.json()["detail"]
    assert fine.json()["value"] == "two"
    assert len(client.get("/secrets").json()["secrets"]) == 2


def test_a_secret_says_who_read_its_value_last(client, container):
    client.put(f"/secrets/{NAME}", json={"value": "sesame"})
    before = client.get(f"/secrets/{NAME}").json()
    client.get(f"/secrets/{NAME}/value")

    one = client.get(f"/secrets/{NAME}").json()
    (listed,) = client.get("/secrets").json()["secrets"]
    versions = client.get(f"/secrets/{NAME}/versions").json()

    (event,) = container.audit().list(action=Action.SECRET_READ)
    assert (before["last_read_at"], before["last_read_by"]) == (None, None)
    assert one == listed
    assert (one["last_read_at"], one["last_read_by"]) == (event.at, event.actor)
    assert (versions["last_read_at"], versions["last_read_by"]) == (event.at, event.actor)


@pytest.mark.parametrize("path", ["", "/value", "/versions"])
def test_of_one_secret_not_all_are_listed(client, container, mocker, path):
    client.put("/secrets/a", json={"value": "sesame"})
    listed = mocker.spy(type(container.unaudited_secrets()), "list")

    assert client.get(f"/secrets/a{path}").status_code == 200
    assert client.get(f"/secrets/b{path}").status_code == 404
    assert listed.call_count == 0
