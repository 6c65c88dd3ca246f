import pytest

from tests.support.backed_up import sql


@pytest.fixture
def sealed(container):
    for number in range(5):
        container.secrets().set(f"name:{number}", "sesame0open0sesame")
    return container


def test_the_keys_are_shown_without_any_key(client, sealed):
    answer = client.get("/keys")

    assert answer.status_code == 200
    assert answer.json()["master_key"]["fingerprint"] == sealed.master_key().fingerprint
    assert [(key["state"], key["rows"]) for key in answer.json()["data_keys"]] == [("active", 5)]
    assert sealed.master_key().material.reveal().hex() not in answer.text


def test_a_rotation_answers_with_its_proof(client, sealed):
    (before,) = client.get("/keys").json()["data_keys"]

    answer = client.post("/keys/rotate")

    assert answer.status_code == 200
    assert (answer.json()["resealed"], answer.json()["retired"]) == (5, [before["id"]])
    assert [(key["state"], key["rows"]) for key in client.get("/keys").json()["data_keys"]] == [
        ("retired", 0),
        ("active", 5),
    ]
    assert client.get("/secrets/name:3/value").json()["value"] == "sesame0open0sesame"


def test_while_one_runs_another_is_refused(client, sealed):
    with sealed.rotation_lock().hold(patience_ms=0):
        answer = client.post("/keys/rotate")

    assert (answer.status_code, answer.json()["code"]) == (409, "busy")
    assert client.post("/keys/rotate").status_code == 200


def test_a_damaged_value_is_named_in_the_answer(client, sealed):
    sql(sealed.settings().sqlite_path, "UPDATE secret_version SET sealed = x'00' WHERE rowid = 2")

    answer = client.post("/keys/rotate").json()

    assert answer["error"]["code"] == "integrity"
    assert answer["damaged"][0]["subject"] == "the secret name:1, version 1"
    assert len(answer["kept"]) == 1


@pytest.mark.parametrize(
    ("grants", "shown", "rotated"),
    [
        (("read:/secrets/*",), 403, 403),
        (("read:/keys",), 200, 403),
        (("write:/keys/rotate",), 403, 200),
        (("read:/*",), 200, 403),
    ],
    ids=str,
)
def test_showing_and_rotating_need_grants_of_their_own(client_with, sealed, grants, shown, rotated):
    client = client_with(*grants)

    assert (client.get("/keys").status_code, client.post("/keys/rotate").status_code) == (shown, rotated)


def test_a_rotation_is_an_event_of_the_token_that_asked_for_it(client, sealed):
    client.post("/keys/rotate")

    actors = {e.actor.partition(":")[0] for e in sealed.audit().list() if e.action.startswith("key.")}
    assert actors == {"token"}
