import pytest

from domain.instants import DAY_MS

KEY = "forgejo:reviewer:acme/api:42"


def keys(n):
    return [f"forgejo:reviewer:acme/api:{i:03}" for i in range(n)]


def test_a_session_that_was_put_can_be_got(client):
    put = client.put(f"/sessions/{KEY}", json={"session_id": "9f1c"})

    assert put.status_code == 200
    assert put.json().keys() == {"key", "session_id", "last_used_at", "created_at"}
    assert client.get(f"/sessions/{KEY}").json() == put.json()


@pytest.mark.parametrize("path", [KEY, KEY.replace("/", "%2F"), "forgejo%3Areviewer%3Aacme%2Fapi%3A42"])
def test_a_key_is_taken_as_it_is_and_percent_encoded(client, container, path):
    container.sessions().set(KEY, "9f1c")

    answer = client.get(f"/sessions/{path}")

    assert answer.json()["key"] == KEY


def test_a_deleted_session_is_gone(client):
    client.put(f"/sessions/{KEY}", json={"session_id": "9f1c"})

    deleted = client.delete(f"/sessions/{KEY}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert client.delete(f"/sessions/{KEY}").status_code == 404
    assert client.get(f"/sessions/{KEY}").status_code == 404


@pytest.mark.parametrize("key", ["nonsense", "", "%00", "forgejo:a:b:1%0A", "%FF"])
def test_a_malformed_key_is_not_there_and_cannot_be_put(client, key):
    answers = [
        client.get(f"/sessions/{key}").status_code,
        client.delete(f"/sessions/{key}").status_code,
        client.put(f"/sessions/{key}", json={"session_id": "x"}).status_code,
    ]

    assert answers[:2] == [404, 404]
    assert answers[2] in {404, 422}


@pytest.mark.parametrize("word", ["count", "merge", "prune"])
def test_a_word_that_is_no_key_takes_the_methods_of_its_own_only(client, word):
    answers = [client.request(method, f"/sessions/{word}", json={"session_id": "x"}) for method in ("PUT", "DELETE")]

    assert [answer.status_code for answer in answers] == [405, 405]
    assert answers[0].headers["Allow"] in {"GET, HEAD", "HEAD, GET", "POST"}


def test_put_with_a_malformed_key_or_id_is_unprocessable(client):
    answers = [
        client.put("/sessions/nonsense", json={"session_id": "x"}),
        client.put(f"/sessions/{KEY}", json={"session_id": ""}),
        client.put(f"/sessions/{KEY}", json={"session_id": 7}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 3


def test_a_listing_is_paged_by_the_last_key(client, container):
    for key in keys(5):
        container.sessions().set(key, "x")

    first = client.get("/sessions", params={"limit": 2}).json()
    second = client.get("/sessions", params={"limit": 2, "after": first["next"]}).json()
    third = client.get("/sessions", params={"limit": 2, "after": second["next"]}).json()

    seen = [session["key"] for page in (first, second, third) for session in page["sessions"]]
    assert seen == keys(5)
    assert third["next"] is None


def test_a_page_that_is_just_full_has_no_next(client, container):
    for key in keys(2):
        container.sessions().set(key, "x")

    page = client.get("/sessions", params={"limit": 2}).json()

    assert page["next"] is None


def test_a_listing_is_narrowed_by_prefix(client, container):
    container.sessions().set("github:reviewer:acme/api:1", "x")
    container.sessions().set(KEY, "x")

    page = client.get("/sessions", params={"prefix": "github:"}).json()

    assert [session["key"] for session in page["sessions"]] == ["github:reviewer:acme/api:1"]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "1.0", "٣", "9" * 5000])
def test_a_limit_out_of_range_is_unprocessable(client, limit):
    answer = client.get("/sessions", params={"limit": limit})

    assert answer.status_code == 422


def test_pruning_forgets_what_was_unused_for_so_many_days(client, container):
    now = container.clock().now()
    container.sessions().set(KEY, "x", used_at=now - 10 * DAY_MS)
    container.sessions().set("github:reviewer:acme/api:1", "x")

    answers = [client.post("/sessions/prune", json={"older_than_days": days}).json() for days in (11, 9, 9)]

    assert answers == [{"pruned": 0}, {"pruned": 1}, {"pruned": 0}]


@pytest.mark.parametrize("body", [{"json": {}}, {}])
def test_pruning_goes_by_the_setting_unless_told(client, container, body):
    now = container.clock().now()
    container.sessions().set(KEY, "x", used_at=now - 31 * DAY_MS)
    container.sessions().set("github:reviewer:acme/api:1", "x", used_at=now - 29 * DAY_MS)

    answer = client.post("/sessions/prune", **body)

    assert answer.json() == {"pruned": 1}


@pytest.mark.parametrize("days", [-1, 1.5, True, "3", 10**30])
def test_pruning_by_anything_but_a_number_of_days_is_unprocessable(client, days):
    answer = client.post("/sessions/prune", json={"older_than_days": days})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/older_than_days"
