"""The calls for secrets and access tokens without a wire: what they ask, and what they make of answers."""

import json
import subprocess
import sys

import pytest

from app.client import secret_calls, token_calls
from app.client.exchange import Answer
from domain.errors import Invalid, NotConnected, VersionConflict
from domain.instants import EARLIEST_MS
from tests.contracts.secret_store import NO_NAMES
from tests.contracts.secret_versions import NAME
from tests.support.said import cut
from tests.unit.app.client.talking import hold, ok, refused


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("forge:acme/value", "/secrets/forge:acme%2Fvalue/value"),
        ("forge:acme/versions", "/secrets/forge:acme%2Fversions/value"),
        ("x:../../keys", "/secrets/x:..%2F..%2Fkeys/value"),
        ("x:a=b", "/secrets/x:a%3Db/value"),
    ],
)
def test_a_name_is_one_step_of_a_path_whatever_it_holds(name, target):
    document = {"name": name, "value": "tok", "version": 1, "created_at": 1, "updated_at": 1, "expires_at": None}

    (asked,), secret = hold(secret_calls.find(name), document)

    assert asked.target == target
    assert (secret.name, secret.value.reveal()) == (name, "tok")


@pytest.mark.parametrize("name", NO_NAMES, ids=cut)
def test_nothing_is_asked_about_a_malformed_name(name):
    assert hold(secret_calls.find(name)) == ([], None)
    assert hold(secret_calls.show(name)) == ([], None)
    assert hold(secret_calls.remove(name, None)) == ([], False)
    assert hold(secret_calls.remove(name, 0)) == ([], False)
    with pytest.raises(VersionConflict) as lost:
        hold(secret_calls.remove(name, 3))
    with pytest.raises(Invalid):
        hold(secret_calls.put(name, "tok", 3, None))
    assert (lost.value.expected, lost.value.actual) == (3, 0)


@pytest.mark.parametrize("expires_at", [None, EARLIEST_MS])
def test_a_value_is_sent_with_when_it_expires(expires_at):
    (asked,), version = hold(secret_calls.put(NAME, "ключ", None, expires_at), {"name": NAME, "version": 8})

    assert (asked.method, asked.target, version) == ("PUT", "/secrets/agent_token:reviewer", 8)
    assert json.loads(asked.body) == {"value": "ключ", "expires_at": expires_at}


def test_secrets_are_followed_page_by_page_where_there_are_pages():
    info = {"version": 1, "created_at": 1, "updated_at": 1, "key_id": None, "expires_at": None, "last_read_by": "x"}
    listed = [{"name": "a", **info}], [{"name": "b", **info}]

    asked, found = hold(secret_calls.pages(), {"secrets": listed[0], "next": "a"}, {"secrets": listed[1]})

    assert [each.name for each in found] == ["a", "b"]
    assert [each.target for each in asked] == ["/secrets", "/secrets?after=a"]


@pytest.mark.parametrize(
    ("expected", "header"),
    [
        (None, {}),
        (0, {"If-None-Match": "*"}),
        (7, {"If-Match": '"7"'}),
        (-1, {"If-Match": f'"{10**18 - 1}"'}),
        (2**70, {"If-Match": f'"{10**18 - 1}"'}),
    ],
)
def test_what_is_expected_is_said_as_a_precondition(expected, header):
    (put,), _ = hold(secret_calls.put(NAME, "tok", expected, None), {"name": NAME, "version": 8})
    (deleted,), _ = hold(secret_calls.remove(NAME, expected), Answer(204, {}, b""))

    conditions = [{k: v for k, v in each.headers.items() if k.startswith("If-")} for each in (put, deleted)]
    assert conditions == [header, header]


def test_a_lost_comparison_names_the_secret_and_what_the_caller_expected():
    lost = refused(412, code="version_conflict", expected=10**18 - 1, actual=4)

    for call in (secret_calls.put(NAME, "tok", -1, None), secret_calls.remove(NAME, -1)):
        with pytest.raises(VersionConflict) as caught:
            hold(call, lost)

        assert caught.value.message == f"{NAME} is at version 4, not at -1"


def test_a_rejected_token_is_refreshed_first_and_stands_in_no_address_and_no_repr():
    asked, token = hold(
        token_calls.give_out("gitlab", "tok-SENTINEL"),
        {"forge": "gitlab"},
        {"access_token": "tok-new", "expires_at": None},
    )

    assert [(each.method, each.target) for each in asked] == [
        ("POST", "/oauth/gitlab/refresh"),
        ("GET", "/oauth/gitlab/access-token"),
    ]
    assert json.loads(asked[0].body) == {"rejected": "tok-SENTINEL"}
    assert "SENTINEL" not in repr(asked)
    assert token.reveal() == "tok-new"


def test_no_answer_and_no_request_shows_what_it_carries():
    (asked,), _ = hold(secret_calls.put(NAME, "SENTINEL", None, None), {"name": NAME, "version": 1})

    assert "SENTINEL" not in f"{asked!r} {ok({'value': 'SENTINEL'})!r}"


def test_a_forge_that_we_do_not_know_is_not_connected_and_nothing_is_asked():
    with pytest.raises(NotConnected):
        hold(token_calls.give_out("../secrets", None))


def test_importing_the_client_loads_neither_the_http_library_nor_the_service():
    heavy = ("httpx2", "pydantic", "starlette", "sqlalchemy", "cryptography", "adapters", "app.http", "app.container")
    program = f"import sys, app.client; print([name for name in {heavy!r} if name in sys.modules])"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert said.stdout == "[]\n"
