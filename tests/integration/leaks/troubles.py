"""What goes wrong in a house full of secrets: each is called with the house, and a stack for what must be undone."""

import base64
import json
import os
import sqlite3
from contextlib import closing

import pytest

from adapters.sql import opening
from tests.support.driven_routes import REFUSED_VALUE
from tests.support.sentinels import AGENT, AGENT_NEWER, VALUES


def locked(house, stack):
    connection = stack.enter_context(closing(sqlite3.connect(house.home.database, isolation_level=None)))
    connection.execute("BEGIN IMMEDIATE")


def read_only(house, stack):
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    real = opening._driver_connect

    def connect(driver, uri, **more):
        return real(driver, uri.replace("mode=rw", "mode=ro"), **more)

    patch.setattr(opening, "_driver_connect", connect)


def constrained(house, _stack):
    tables = ("secret_version", "secret", "operator_oauth_tokens", "api_token", "setting")
    for table in tables:
        for act in ("INSERT", "UPDATE", "DELETE"):
            house.sql(f"CREATE TRIGGER no_{act}_{table} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")


def damaged(house, _stack):
    house.sql(
        "UPDATE secret_version SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || 'x' AS BLOB)",
        "UPDATE operator_oauth_tokens SET sealed_access_token = zeroblob(90)",
    )


def in_the_clear(house, _stack):
    """Plaintext where a sealed value belongs; the database itself then holds it, and nothing else may."""
    house.sql(f"UPDATE secret_version SET sealed = CAST('{VALUES[AGENT].replace(chr(39), chr(39) * 2)}' AS BLOB)")


def wrong_key(house, _stack):
    house.home.key_file.write_bytes(base64.b64encode(os.urandom(32)))


def malformed_key(house, _stack):
    house.home.key_file.write_text(REFUSED_VALUE)


def old_files(house, _stack):
    put = house.home.put
    put("tokens/reviewer", VALUES[AGENT_NEWER])
    put("tokens/spaced", f"{VALUES[AGENT]} {VALUES[AGENT_NEWER]}")
    put("tokens/reviewer~", VALUES[AGENT])
    put("gitlab-oauth-token.json", json.dumps({"access_token": VALUES[AGENT]})[:-1])
    put("sessions.json", json.dumps({"bad": {"id": VALUES[AGENT], "access_token": VALUES[AGENT]}, VALUES[AGENT]: {}}))


TROUBLES = {
    each.__name__: each
    for each in (locked, read_only, constrained, damaged, in_the_clear, wrong_key, malformed_key, old_files)
}


ENDS_WITH = {
    "locked": 7,
    "read_only": 1,
    "constrained": 1,
    "damaged": 8,
    "in_the_clear": 8,
    "wrong_key": 8,
    "malformed_key": 8,
    "old_files": 3,
}
"""The exit code that shows that commands met the trouble."""

LIES_IN_FILES = {"in_the_clear", "malformed_key", "old_files"}
"""Troubles that are themselves a secret in a file: the files are not looked at then."""


def raising_secrets(*_args, **_kwargs):
    raise RuntimeError(f"could not store {VALUES[AGENT]}") from KeyError(VALUES[AGENT])
