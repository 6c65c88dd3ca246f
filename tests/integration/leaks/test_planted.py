"""The tests beside this one find what they look for: each of these plants a leak."""

import base64
import json
import logging
import tempfile
from pathlib import Path

import click
import pytest

from adapters.sql import SqlSecretStore
from tests.support.driven_commands import COMMANDS
from tests.support.driven_routes import sent
from tests.support.sentinels import AGENT, AGENT_NEWER, API_TOKEN, GENERIC, VALUES


def plant(patch, planted):
    """Let every write of a secret do `planted` with the value first."""
    real = SqlSecretStore.set

    def leaky(self, name, value, **more):
        planted(value)
        return real(self, name, value, **more)

    patch.setattr(SqlSecretStore, "set", leaky)


def raise_with(value):
    raise OSError(5, "a fault of the system") from ValueError(value)


PLANTED = {
    "a log record": ("log", lambda value: logging.getLogger("strongroom.planted").debug("storing %s", value)),
    "a label of a log record": ("log", lambda value: logging.getLogger("x").debug("storing", extra={"value": value})),
    "base64 in a log": ("log", lambda value: logging.getLogger("x").debug(base64.b64encode(b"a" + value.encode()))),
    "a temporary file": ("file", lambda value: Path(tempfile.mkstemp()[1]).write_text(json.dumps(value))),
    "the name of a file": ("name", lambda value: tempfile.mkstemp(value.encode().hex())),
    "an exception that is passed over": ("exception", raise_with),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_leak_of_a_route_is_found(house, monkeypatch, planted):
    channel, leak = PLANTED[planted]
    with house.served() as (client, _), house.witnessed(), monkeypatch.context() as patch:
        plant(patch, leak)
        client.send("PUT", sent("/secrets/plain", json={"value": VALUES[GENERIC]}))
    house.look_at_files()

    assert {(leak.kind, leak.where.partition(" ")[0]) for leak in house.watch.leaks} == {(GENERIC, channel)}


@pytest.mark.parametrize(
    ("where", "leak"),
    [
        ("headers", lambda value: {"X-Note": base64.b64encode(value.encode()).decode()}),
        ("headers", lambda value: {value.encode().hex(): "x"}),
    ],
    ids=["base64", "hex"],
)
def test_a_planted_leak_in_a_header_is_found(house, monkeypatch, where, leak):
    import app.http.secrets as module

    real = module.answer
    with house.served() as (client, _), monkeypatch.context() as patch:
        patch.setattr(module, "answer", lambda *given, **more: with_headers(real(*given, **more), leak))
        client.send("GET", sent("/secrets"))

    assert {leak.where.partition(" ")[0] for leak in house.watch.leaks} == {where}


def with_headers(response, leak):
    response.headers.update(leak(VALUES[AGENT]))
    return response


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_planted_leak_of_a_command_is_found(house, monkeypatch, stream):
    with monkeypatch.context() as patch:
        plant(patch, lambda value: click.echo(json.dumps(value), err=stream == "stderr"))
        house.command("secrets set", COMMANDS["secrets set"][0])

    assert {(leak.kind, leak.where.partition(" ")[0]) for leak in house.watch.leaks} == {(AGENT_NEWER, stream)}


def test_a_planted_leak_of_a_command_in_a_log_is_found(house, monkeypatch):
    with monkeypatch.context() as patch:
        plant(patch, lambda value: logging.getLogger("x").debug("storing %s", value))
        house.command("secrets set", COMMANDS["secrets set"][0])

    assert {(leak.kind, leak.where.partition(" ")[0]) for leak in house.watch.leaks} == {(AGENT_NEWER, "log")}


@pytest.mark.parametrize(
    "place", ["state/agents.db", "state/backups/agents.db.bak-x", "state/some.log", "config/x.tmp"]
)
def test_a_planted_leak_in_a_file_is_found(house, place):
    path = house.home.state.parent / place
    path.write_bytes((path.read_bytes() if path.exists() else b"") + VALUES[AGENT].encode("utf-16-le"))

    house.look_at_files()

    assert [(leak.kind, leak.where) for leak in house.watch.leaks] == [(AGENT, f"file {path}")]


def test_a_planted_leak_of_the_master_key_is_found(house):
    key = base64.b64decode(house.home.key_file.read_text())
    (house.home.state / "some.log").write_bytes(b"x" + key)

    house.look_at_files()

    assert [leak.kind for leak in house.watch.leaks] == ["master key"]


def test_a_planted_api_token_is_found(house):
    with house.served() as (client, _):
        client.send("POST", sent("/api-tokens", json={"name": "ci", "grants": ["admin"]}))

    assert {(leak.kind, leak.where.partition(" ")[0]) for leak in house.watch.leaks} == {(API_TOKEN, "body")}
