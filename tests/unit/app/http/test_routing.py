"""A path and its methods: what is refused is told what is allowed, and a path spelled out is nobody else's."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from app.http.operations import Operation, operation
from app.http.routing import NO_CONTENT, no_content, resource


def saying(word):
    """A handler that says which it is, and what it was given."""

    @operation(Operation())
    async def handler(request):
        return PlainTextResponse(" ".join([word, *request.path_params.values()]))

    return handler


@pytest.fixture
def client():
    routes = [
        resource("/things", GET=saying("page")),
        resource("/things/prune", POST=saying("prune")),
        resource("/things/{name:path}", GET=saying("show"), PUT=saying("put"), DELETE=saying("delete")),
        resource("/ends", PUT=saying("replace")),
        resource("/{other:path}", GET=saying("other"), POST=saying("other")),
    ]
    return TestClient(Starlette(routes=routes))


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", "/things", "page"),
        ("POST", "/things/prune", "prune"),
        ("GET", "/things/a", "show a"),
        ("PUT", "/things/a/b", "put a/b"),
        ("DELETE", "/things/prune/a", "delete prune/a"),
        ("GET", "/elsewhere", "other elsewhere"),
    ],
)
def test_each_method_has_its_handler(client, method, path, said):
    answer = client.request(method, path)

    assert (answer.status_code, answer.text) == (200, said)


@pytest.mark.parametrize("path", ["/things", "/things/a", "/elsewhere"])
def test_head_is_get_without_a_body(client, path):
    head, got = client.head(path), client.get(path)

    assert (head.status_code, head.text) == (200, "")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/things", {"GET", "HEAD"}),
        ("PUT", "/things/prune", {"POST"}),
        ("GET", "/things/prune", {"POST"}),
        ("PATCH", "/things/a", {"GET", "HEAD", "PUT", "DELETE"}),
        ("LIST", "/things/a", {"GET", "HEAD", "PUT", "DELETE"}),
        ("OPTIONS", "/ends", {"PUT"}),
        ("HEAD", "/ends", {"PUT"}),
    ],
)
def test_a_method_that_is_refused_is_told_all_that_are_allowed(client, method, path, allowed):
    answer = client.request(method, path)

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_a_path_is_spelled_out_if_it_has_no_part_to_fill_in():
    paths = {path: resource(path, GET=saying("")).is_spelled_out for path in ("/a", "/a/b", "/a/{b}", "/{a:path}/b")}

    assert paths == {"/a": True, "/a/b": True, "/a/{b}": False, "/{a:path}/b": False}


def test_a_path_that_is_only_matched_leaves_other_methods_to_those_behind_it():
    routes = [resource("/{a}", GET=saying("first")), resource("/{b}", PUT=saying("second"))]
    client = TestClient(Starlette(routes=routes))

    assert (client.get("/x").text, client.put("/x").text) == ("first x", "second x")
    assert client.delete("/x").status_code == 405


def test_what_was_declared_of_a_handler_is_known_by_its_method():
    declared = Operation(status=NO_CONTENT, conditional=True)

    @operation(declared)
    async def forget(_request):
        return no_content()

    made = resource("/a", GET=saying("x"), DELETE=forget)

    assert made.operations == {"GET": Operation(), "DELETE": declared}
    assert TestClient(Starlette(routes=[made])).delete("/a").status_code == 204


def test_a_handler_of_which_nothing_was_declared_makes_no_resource():
    async def silent(_request):
        return no_content()

    with pytest.raises(AttributeError):
        resource("/a", GET=silent)
