import pytest
from dependency_injector import providers

from adapters.forges import ForgejoCredentialCheck
from tests.support.forge_server import a_forge_server, says
from tests.support.races import in_threads


def test_a_rotation_answers_with_the_version_and_never_the_token(client, container):
    answer = client.patch("/agents/reviewer/token", json={"token": "sesame-1"})

    assert (answer.status_code, answer.json()) == (200, {"name": "reviewer", "version": 1})
    assert answer.headers["ETag"] == '"1"'
    assert container.secrets().get("agent_token:reviewer").value.reveal() == "sesame-1"


def test_of_parallel_rotations_of_one_version_exactly_one_wins(client, container):
    client.patch("/agents/reviewer/token", json={"token": "first"})

    def rotate(n):
        headers = {"If-Match": '"1"'}
        return client.patch("/agents/reviewer/token", json={"token": f"token-{n}"}, headers=headers).status_code

    with client:
        statuses = in_threads(rotate, count=20)

    assert sorted(statuses) == [200] + [412] * 19
    won = container.secrets().get("agent_token:reviewer")
    assert (won.version, won.value.reveal()) == (2, f"token-{statuses.index(200)}")


def test_agents_are_listed_by_name(client):
    client.put("/secrets/penpot_api_token", json={"value": "x"})
    for agent in ("writer", "reviewer"):
        client.patch(f"/agents/{agent}/token", json={"token": "x"})

    agents = client.get("/agents").json()["agents"]

    assert [(agent["name"], agent["version"]) for agent in agents] == [("reviewer", 1), ("writer", 1)]
    assert agents[0].keys() == {"name", "version", "updated_at"}


def test_a_token_can_be_taken_away(client):
    client.patch("/agents/reviewer/token", json={"token": "x"})

    answers = [client.delete("/agents/reviewer/token").status_code for _ in range(2)]

    assert answers == [204, 404]
    assert client.get("/agents").json() == {"agents": []}


@pytest.fixture
def forge(container):
    with a_forge_server() as forge:
        container.forgejo_check.override(providers.Object(ForgejoCredentialCheck(forge.url)))
        yield forge


def test_a_token_that_forgejo_knows_is_stored_and_its_owner_named(forge, client):
    forge.play_forgejo({"tok-new": "review-bot"})

    answer = client.patch("/agents/reviewer/token", json={"token": "tok-new", "verify": True})

    assert (answer.status_code, answer.json()) == (200, {"name": "reviewer", "version": 1, "owner": "review-bot"})


def test_a_token_that_forgejo_refuses_is_unprocessable_and_not_stored(forge, client):
    forge.play_forgejo({})

    answer = client.patch("/agents/reviewer/token", json={"token": "tok-bad", "verify": True})

    assert (answer.status_code, answer.json()["code"]) == (422, "credential_refused")
    assert "tok-bad" not in answer.text
    assert client.get("/agents").json() == {"agents": []}


def test_a_forge_that_fails_is_unavailable_and_nothing_is_stored(forge, client):
    forge.answer = says(500, {})

    answer = client.patch("/agents/reviewer/token", json={"token": "tok-new", "verify": True})

    assert (answer.status_code, answer.json()["code"]) == (503, "unreachable")
    assert client.get("/agents").json() == {"agents": []}


def test_without_a_forgejo_there_is_nobody_to_ask(client):
    answer = client.patch("/agents/reviewer/token", json={"token": "x", "verify": True})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert client.get("/agents").json() == {"agents": []}


def test_taking_a_token_away_compares_versions(client):
    client.patch("/agents/reviewer/token", json={"token": "x"})

    lost = client.delete("/agents/reviewer/token", headers={"If-Match": '"7"'})

    assert lost.status_code == 412
    assert client.delete("/agents/reviewer/token", headers={"If-Match": '"1"'}).status_code == 204


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": "a b"}, {"token": 1}, {"token": "x", "verify": 1}])
def test_what_is_no_token_is_unprocessable(client, body):
    answer = client.patch("/agents/reviewer/token", json=body)

    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 65])
def test_what_is_no_agent_name_is_unprocessable(client, name):
    answer = client.patch(f"/agents/{name}/token", json={"token": "x"})

    assert answer.status_code == 422
    assert client.delete(f"/agents/{name}/token").status_code == 404
