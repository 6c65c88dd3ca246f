"""No secret is in what a process of its own says, in its command line or in its environment."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.driven_routes import REFUSED_VALUE
from tests.support.leak_house import LeakHouse
from tests.support.ports import free_port
from tests.support.sentinels import AGENT_NEWER, GENERIC, VALUES


@pytest.mark.parametrize(
    ("level", "form"),
    [("debug", "json"), ("debug", "console"), ("info", "json"), ("warning", "console"), ("error", "json")],
)
def test_the_service_itself_shows_no_secret(furnished, tmp_path, monkeypatch, level, form):
    house = LeakHouse(furnished, tmp_path, monkeypatch, level=level)
    created = house.home.ask("api-tokens", "create", "--name", "ci", "--grant", "admin")
    house.watch.learn_tokens(created["token"])
    house.home.env["STRONGROOM_LOG_FORMAT"] = form
    house.home.env["TMPDIR"] = str(house.temporary)
    url = f"http://127.0.0.1:{(port := free_port())}"

    with house.home.start("serve", "--port", str(port), stdout=subprocess.PIPE) as process:
        try:
            wait_for(f"{url}/readyz")
            statuses = [ask(house, url, created["token"], request) for request in OVER_THE_WIRE]
            look_at_processes(house)
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
    house.watch.look("stdout serve", out)
    house.watch.look("stderr serve", err)
    house.look_at_files()

    assert house.watch.leaks == []
    assert statuses == [200, 200, 422, 401, 422, 404]
    assert level not in {"debug", "info"} or b"/secrets" in err


TOKEN = "/secrets/agent_token:reviewer"


OVER_THE_WIRE = [
    ("PUT", TOKEN, {"value": VALUES[AGENT_NEWER]}, {}, frozenset()),
    ("GET", f"{TOKEN}/value", None, {}, frozenset({AGENT_NEWER})),
    ("PUT", TOKEN, {"value": f"{REFUSED_VALUE} {REFUSED_VALUE}"}, {}, frozenset()),
    ("GET", "/secrets", None, {"Authorization": f"Bearer {REFUSED_VALUE.encode().hex()}"}, frozenset()),
    ("PUT", TOKEN, REFUSED_VALUE, {}, frozenset()),
    ("GET", f"/secrets/{REFUSED_VALUE.encode().hex()}", None, {}, frozenset()),
]


def wait_for(url):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(url)


def ask(house, url, token, request):
    method, path, body, headers, shows = request
    data = None if body is None else json.dumps(body).encode()
    whole = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    made = urllib.request.Request(url + path, data=data, headers=whole, method=method)
    try:
        with urllib.request.urlopen(made, timeout=10) as answer:
            status, head, content = answer.status, str(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        status, head, content = error.code, str(error.headers), error.read()
    house.watch.look(f"headers {method} {path}", head)
    house.watch.look(f"body {method} {path}", content, shows)
    return status


def look_at_processes(house):
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                house.watch.look(f"process {name}", (process / name).read_bytes())
            except OSError:
                continue


def test_a_secret_that_is_read_from_standard_input_is_in_no_command_line(house):
    with house.home.start("secrets", "set", "plain", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(VALUES[GENERIC].encode())
        process.stdin.flush()
        look_at_processes(house)
        process.communicate(timeout=30)

    assert process.returncode == 0
    assert house.watch.leaks == []
