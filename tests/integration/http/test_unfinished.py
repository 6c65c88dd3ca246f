"""A service that is killed in the middle of a request that must not be done twice, and what the next one knows."""

from contextlib import closing
from http.client import HTTPConnection
from json import dumps, loads

import pytest

from app.boot import open_service
from app.setting_sources import load_settings
from tests.integration.http.served import read_to, serving
from tests.support.ports import free_port

READY = "[]"
"""What the program says of the boot migrations, once they have ended."""

A_TOKEN_THAT_IS_NEVER_DONE = """
from dependency_injector import providers

def create(*_args, **_more):
    say("began")
    sys.stdin.readline()

container.create_api_token.override(providers.Object(create))
"""
"""An addition: making a token says that it began, and waits."""

A_TOKEN_THAT_IS_DONE_AND_NOT_NOTED = """
from dependency_injector import providers

class Requests:
    def __init__(self, real):
        self.begin, self.abandon = real.begin, real.abandon

    def finish(self, *_args):
        say("done")
        sys.stdin.readline()

container.named_requests.override(providers.Object(Requests(container.named_requests())))
"""
"""An addition: what was answered is about to be kept, and is not."""

BODY = {"name": "ci", "grants": ["read:/sessions"]}


@pytest.fixture
def flags(tmp_path):
    return {"state_dir": str(tmp_path / "state"), "config_dir": str(tmp_path / "config"), "port": free_port()}


@pytest.fixture
def token(flags):
    container = open_service(load_settings({}, flags))
    _, token = container.create_api_token()("t", ("admin",))
    container.database().close()
    return token.reveal()


def send(connection, token, key, body=BODY):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    connection.request("POST", "/api-tokens", dumps(body), headers)


def answer_to(connection, token, key, body=BODY):
    send(connection, token, key, body)
    answer = connection.getresponse()
    return answer.status, loads(answer.read())


def killed_in(flags, token, addition, word):
    with (
        serving(flags, addition, until=READY) as process,
        closing(HTTPConnection("127.0.0.1", flags["port"], timeout=30)) as connection,
    ):
        send(connection, token, "a-7")
        read_to(process, word)
        process.kill()
        process.wait()


def made(flags):
    container = open_service(load_settings({}, flags))
    try:
        return sum(each.name == "ci" for each in container.api_tokens().list())
    finally:
        container.database().close()


@pytest.mark.parametrize(
    ("addition", "word", "done"),
    [
        (A_TOKEN_THAT_IS_NEVER_DONE, "began", 0),
        (A_TOKEN_THAT_IS_DONE_AND_NOT_NOTED, "done", 1),
    ],
    ids=["before it was done", "before the answer was kept"],
)
def test_a_request_that_a_killed_service_began_is_not_done_again_and_has_no_answer(flags, token, addition, word, done):
    killed_in(flags, token, addition, word)

    with (
        serving(flags, until=READY),
        closing(HTTPConnection("127.0.0.1", flags["port"], timeout=30)) as connection,
    ):
        again = [answer_to(connection, token, "a-7") for _ in range(2)]
        other = answer_to(connection, token, "a-7", {**BODY, "name": "other"})
        between = made(flags)
        anew = answer_to(connection, token, "a-8")

    assert [(status, said["code"]) for status, said in again] == [(409, "request_unfinished")] * 2
    assert (other[0], other[1]["code"]) == (422, "idempotency_key_reused")
    assert (between, anew[0], made(flags)) == (done, 201, done + 1)
