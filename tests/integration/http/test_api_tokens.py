import pytest

from domain.instants import DAY_MS, HOUR_MS


def make(client, *grants, **more):
    return client.post("/api-tokens", json={"name": "new", "grants": list(grants), **more})


def test_a_new_token_is_shown_once_and_works(client, stranger):
    made = make(client, "read:/sessions*")

    assert made.status_code == 201
    assert made.json().keys() == {"id", "token", "name", "grants", "expires_at"}
    assert made.headers["Cache-Control"] == "no-store"
    shown = {"Authorization": f"Bearer {made.json()['token']}"}
    assert stranger.get("/sessions", headers=shown).status_code == 200
    assert stranger.get("/secrets", headers=shown).status_code == 403
    assert made.json()["token"] not in client.get("/api-tokens").text


def test_a_listing_shows_what_may_be_shown(client):
    made = make(client, "read:/sessions*").json()

    listed = client.get("/api-tokens").json()["api_tokens"]

    token = next(token for token in listed if token["id"] == made["id"])
    assert token["grants"] == ["read:/sessions*"]
    assert made["token"].startswith(token["prefix"])
    assert token.keys() == {
        "id", "name", "prefix", "grants", "created_at", "expires_at", "last_used_at", "revoked_at",
    }  # fmt: skip


def test_a_revoked_token_opens_nothing_from_then_on(client, stranger):
    made = make(client, "read:/sessions*").json()
    shown = {"Authorization": f"Bearer {made['token']}"}
    before = stranger.get("/sessions", headers=shown)

    revoked = client.delete(f"/api-tokens/{made['id']}")

    assert (before.status_code, revoked.status_code) == (200, 204)
    assert stranger.get("/sessions", headers=shown).status_code == 401
    assert client.delete("/api-tokens/unknown").status_code == 404


@pytest.mark.parametrize(
    "grant",
    ["read:/sessions/*", "write:/sessions/*", "read:/sessions/github:*", "read:/api-tokens", "write:/sessions/x"],
)
def test_a_token_hands_out_what_it_has(client_with, grant):
    client = client_with("write:/sessions/*", "write:/api-tokens")

    assert make(client, grant).status_code == 201


@pytest.mark.parametrize(
    "grant", ["admin", "write:/*", "read:/*", "read:/sessions*", "write:/secrets/*", "read:/oauth"]
)
def test_a_token_does_not_hand_out_more_than_it_has(client_with, grant):
    client = client_with("write:/sessions/*", "read:/secrets/*", "write:/api-tokens")

    refused = make(client, "read:/sessions/*", grant)

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


def test_reading_does_not_hand_out_writing(client_with):
    client = client_with("read:/sessions/*", "write:/api-tokens")

    assert make(client, "write:/sessions/*").status_code == 403


def test_a_token_does_not_make_one_that_outlives_it(container, stranger):
    _, token = container.create_api_token()("short", ("admin",), lifetime_ms=HOUR_MS)
    stranger.headers["Authorization"] = f"Bearer {token.reveal()}"

    longer, shorter, silent = (make(stranger, "admin", **more) for more in ({"expires": "1d"}, {"expires": "1m"}, {}))

    assert (longer.status_code, shorter.status_code, silent.status_code) == (403, 201, 201)
    assert silent.json()["expires_at"] <= container.clock().now() + HOUR_MS


def test_a_duration_sets_the_expiry(client, container):
    before = container.clock().now()

    made = make(client, "admin", expires="90d").json()

    assert 0 <= made["expires_at"] - before - 90 * DAY_MS < HOUR_MS


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "grants": ["admin"]},
        {"name": "x", "grants": []},
        {"name": "x", "grants": ["everything"]},
        {"name": "x", "grants": "admin"},
        {"name": "x", "grants": ["admin"], "expires": "soon"},
        {"name": "x", "grants": ["admin"], "expires": "999999999d"},
        {"grants": ["admin"]},
    ],
)
def test_a_malformed_wish_is_unprocessable(client, body):
    assert client.post("/api-tokens", json=body).status_code == 422
