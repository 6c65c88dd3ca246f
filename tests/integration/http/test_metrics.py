import threading

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.http.application import build_app
from app.http.envelope import Envelope
from app.http.metrics import MetricsPage
from app.http.readiness import MIGRATING, Readiness
from app.metrics import Metrics
from app.version import __version__
from domain.errors import Busy
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.unit.app.metrics.scraped import Scrape

CANARY = "canary-5c1e"
KEY = f"forgejo:reviewer:acme/{CANARY}:1"


@pytest.fixture
def scrape(client):
    def scrape():
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert CANARY not in answer.text
        return Scrape(answer.text)

    return scrape


def test_the_text_is_prometheus_own(client):
    answer = client.get("/metrics")

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert Scrape(answer.text)("ready") == 1
    assert [labels["version"] for labels in Scrape(answer.text).series("info")] == [__version__]


def test_a_scrape_needs_a_token_with_a_grant_for_it(client_with, stranger):
    assert stranger.get("/metrics").status_code == 401
    assert client_with("read:/secrets").get("/metrics").status_code == 403
    assert client_with("read:/metrics").get("/metrics").status_code == 200


def test_requests_are_counted_by_their_route_and_no_path_name_key_or_query_is_shown(client, scrape):
    client.put(f"/sessions/{KEY}", json={"session_id": CANARY})
    client.get(f"/sessions/{KEY}")
    client.get(f"/sessions/{CANARY}")
    client.get(f"/nowhere/{CANARY}?x={CANARY}")
    client.put(f"/secrets/generic:{CANARY}", json={"value": CANARY})
    client.get(f"/secrets/generic:{CANARY}/value?x={CANARY}", headers={"User-Agent": CANARY, "X-Request-Id": CANARY})
    client.post(f"/sessions/{KEY}")

    found = scrape()

    one = {"route": "/sessions/{key:path}"}
    assert found("http_requests_total", **one, method="PUT", status="200") == 1
    assert found("http_requests_total", **one, method="GET", status="200") == 1
    assert found("http_requests_total", **one, method="GET", status="404") == 1
    assert found("http_requests_total", **one, method="POST", status="405") == 1
    assert found("http_requests_total", method="GET", route="(no route)", status="404") == 1
    assert found("http_requests_total", method="GET", route="/secrets/{name:path}/value", status="200") == 1
    assert found("http_request_duration_seconds_count", **one, method="GET") == 2


def test_a_method_that_nobody_knows_is_another(client, scrape):
    for method in ("BREW", CANARY.upper(), "get"):
        client.request(method, "/sessions")

    methods = {labels["method"] for labels in scrape().series("http_requests_total")}

    assert methods <= {"GET", "other"}
    assert "other" in methods


def test_a_stranger_is_counted_too(client_with, stranger, container, readiness):
    app = build_app(container, readiness)
    TestClient(app).get(f"/secrets/{CANARY}")
    _, token = container.create_api_token()("a test", ("admin",))

    text = TestClient(app, headers={"Authorization": f"Bearer {token.reveal()}"}).get("/metrics").text

    assert Scrape(text)("http_requests_total", method="GET", route="(no route)", status="401") == 1


def test_operations_of_stores_are_counted_and_what_is_stored_is(client, container, scrape):
    client.put(f"/sessions/{KEY}", json={"session_id": CANARY})
    client.put("/agents/reviewer/token", json={"token": CANARY})
    client.patch("/agents/reviewer/token", json={"token": CANARY})
    client.put("/secrets/generic:x", json={"value": CANARY}, headers={"If-Match": '"9"'})
    container.unaudited_oauth_tokens().upsert(
        OAuthToken(forge_type="github", access_token=SecretValue(CANARY), base_url="https://github.com")
    )
    client.get("/oauth/github/access-token")

    found = scrape()

    assert found("store_operations_total", store="sessions", operation="set", outcome="ok") == 1
    assert found("store_operations_total", store="secrets", operation="set", outcome="ok") == 1
    assert found("store_operations_total", store="secrets", operation="set", outcome="version_conflict") == 1
    assert found("store_operations_total", store="oauth_tokens", operation="get", outcome="ok") >= 1
    assert found("store_operation_duration_seconds_count", store="secrets", operation="set") == 2
    assert (found("sessions"), found("secrets")) == (1, 1)
    key, *others = found.series("rows")
    assert (others, found("rows", **key), key["state"]) == ([], 2, "active")
    assert found("oauth_connection_status", forge="github", status="connected") in {0, 1}


def test_a_scrape_counts_no_operation_and_leaves_no_event(client, container, scrape):
    before = container.audit().head()

    first, second = scrape(), scrape()

    assert first.series("store_operations_total") == second.series("store_operations_total") == []
    assert container.audit().head() == before


def test_a_part_that_cannot_be_read_does_not_end_the_scrape(container, client_with):
    class Locked:
        def count_by_key(self):
            raise Busy(f"{CANARY} is locked")

    container.sealed_rows.override(Locked())
    answer = client_with("admin").get("/metrics")

    found = Scrape(answer.text)
    assert answer.status_code == 200
    assert found("scrape_errors_total", part="rows") == 1
    assert found.series("rows") == []
    assert found("secrets") == 0
    assert CANARY not in answer.text


def test_a_scrape_leaves_the_event_loop_to_others():
    threads = []

    def render():
        threads.append(threading.current_thread().name)
        return b""

    TestClient(Starlette(routes=MetricsPage(render).routes())).get("/metrics")

    assert threads == ["AnyIO worker thread"]


def test_a_fault_and_an_answer_that_was_cut_off_are_counted():
    metrics = Metrics()

    async def broken(scope, _receive, send):
        if scope["path"] == "/begun":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(CANARY)

    client = TestClient(Envelope(broken, measure=metrics.requests), raise_server_exceptions=False)
    client.get("/not-begun")
    client.get("/begun")

    found = Scrape(metrics.render())
    assert found("http_requests_total", method="GET", route="(no route)", status="500") == 1
    assert found("http_requests_total", method="GET", route="(no route)", status="200") == 1


def test_two_applications_do_not_mix_their_numbers(client_with):
    ours, theirs = client_with("admin"), client_with("admin")
    ours.get("/sessions")

    found = Scrape(theirs.get("/metrics").text)

    assert found.series("http_requests_total") == []


def test_they_are_shown_while_the_old_files_are_moved_and_to_who_has_a_token(container):
    _, token = container.create_api_token()("prometheus", ("read:/metrics",))
    client = TestClient(build_app(container, Readiness(MIGRATING)))

    shown = client.get("/metrics", headers={"Authorization": f"Bearer {token.reveal()}"})

    assert client.get("/metrics").status_code == 401
    assert Scrape(shown.text)("boot_migration_running") == 1
    assert Scrape(shown.text)("ready") == 0
