from app.metrics import Metrics
from tests.unit.app.metrics.scraped import Scrape


def test_requests_are_counted_by_method_route_and_status():
    metrics = Metrics()
    for status, seconds in ((200, 0.002), (200, 0.2), (404, 0.002)):
        metrics.requests("GET", "/sessions/{key:path}", status, seconds)

    scrape = Scrape(metrics.render())

    route = {"method": "GET", "route": "/sessions/{key:path}"}
    assert scrape("http_requests_total", **route, status="200") == 2
    assert scrape("http_requests_total", **route, status="404") == 1
    assert scrape("http_request_duration_seconds_count", **route) == 3
    assert scrape("http_request_duration_seconds_bucket", **route, le="0.0025") == 2
    assert round(scrape("http_request_duration_seconds_sum", **route), 3) == 0.204


def test_a_request_without_an_answer_has_no_number_for_a_status():
    metrics = Metrics()

    metrics.requests("PUT", "/secrets/{name:path}", 0, 1)

    labels = {"method": "PUT", "route": "/secrets/{name:path}", "status": "(none)"}
    assert Scrape(metrics.render())("http_requests_total", **labels) == 1


def test_the_process_and_python_are_measured_and_no_series_says_when_another_began():
    text = Metrics().render().decode()

    assert "process_resident_memory_bytes" in text
    assert "python_info" in text
    assert "python_gc_collections_total" in text
    assert "_created" not in text
