"""The description is made of the routes, and the committed copy of it is not behind."""

import importlib.util
import json
import re
from pathlib import Path

from app.http.application import build_app
from app.http.routing import Resource
from domain.values import FORGES
from tests.integration.cli.homes import Home

GENERATOR = Path(__file__).parents[3] / "packaging" / "openapi.py"
METHODS = {"get", "put", "post", "patch", "delete"}


def generator():
    spec = importlib.util.spec_from_file_location("openapi_generator", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def operations(document):
    return {
        (method, path): said
        for path, methods in document["paths"].items()
        for method, said in methods.items()
        if method in METHODS
    }


def test_the_committed_copy_is_what_the_routes_are_now():
    made = generator()

    assert made.COPY.read_text() == made.as_text(), "run `make generate`"


def test_the_same_is_served_and_printed(stranger, tmp_path):
    served = stranger.get("/openapi.json")
    printed = Home(tmp_path).call("openapi")

    assert served.status_code == 200
    assert served.json() == json.loads(printed.stdout) == json.loads(generator().COPY.read_text())


def test_it_describes_every_route_and_method(container, readiness, stranger):
    routes = build_app(container, readiness).routes
    served = {
        (method.lower(), re.sub(":path}", "}", route.path)) for route in routes for method in route.methods - {"HEAD"}
    }

    assert all(isinstance(route, Resource) for route in routes)
    assert set(operations(stranger.get("/openapi.json").json())) == served


def test_every_operation_is_named_once_and_says_what_it_does(stranger):
    found = operations(stranger.get("/openapi.json").json()).values()

    ids = [each["operationId"] for each in found]
    assert len(set(ids)) == len(ids)
    assert all(each["summary"] and not each["summary"].endswith(".") for each in found)


def test_only_open_operations_say_that_they_need_no_token(stranger):
    found = operations(stranger.get("/openapi.json").json())

    open_ones = {path for (_, path), said in found.items() if said.get("security") == []}
    assert open_ones == {"/livez", "/readyz", "/healthz", "/openapi.json", "/oauth/{forge}/callback"}
    for method, path in found:
        answered = stranger.request(method, path.replace("{forge}", FORGES[0]))
        assert (answered.status_code == 401) == (path not in open_ones), path


def test_it_says_which_operations_compare_versions_and_which_are_done_once(container, readiness):
    document = generator()
    found = operations(json.loads(document.as_text()))
    heeds = {
        header: {
            path for (_, path), said in found.items() if header in {each["name"] for each in said.get("parameters", [])}
        }
        for header in ("If-Match", "Idempotency-Key")
    }

    assert heeds["If-Match"] == {"/secrets/{name}", "/secrets/{name}/rollback", "/agents/{name}/token"}
    assert "/api-tokens" in heeds["Idempotency-Key"]


def test_no_example_and_no_default_in_it_is_a_path_of_the_machine_that_wrote_it():
    text = generator().COPY.read_text()

    assert not re.search(r"/(tmp|home|root|var)/", text)
