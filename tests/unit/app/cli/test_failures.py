"""How commands that fail end."""

import json

import click
import pytest

from app.cli.failures import end
from app.masking import masked_url, shown_value
from domain.errors import Busy
from domain.values import SecretValue


def fail(message):
    unseen = "hunter" + str(len(message))
    raise ZeroDivisionError(message, len(unseen))


def failed(message):
    with pytest.raises(ZeroDivisionError) as caught:
        fail(message)
    return caught.value


def test_a_fault_is_one_line_and_a_hint(capsys):
    code = end(Busy("another process is at it", advice="wait"), as_json=False)

    assert code == 7
    assert capsys.readouterr() == ("", "strongroom: error: another process is at it\nstrongroom: hint: wait\n")


def test_a_fault_as_json_is_the_one_document(capsys):
    end(Busy("another process is at it"), as_json=True)

    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"code": "busy", "message": "another process is at it", "advice": None}}
    assert err == ""


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), click.Abort()], ids=["signal", "prompt"])
def test_an_interrupt_ends_with_130(interrupt, capsys):
    assert end(interrupt, as_json=False) == 130
    assert capsys.readouterr().err == "strongroom: error: interrupted\n"


def test_what_nobody_foresaw_is_one_line_without_its_message(capsys, monkeypatch):
    monkeypatch.delenv("STRONGROOM_LOG_LEVEL", raising=False)

    code = end(failed("hunter2"), as_json=False)

    said = capsys.readouterr().err
    assert code == 1
    assert "internal error: ZeroDivisionError at test_failures.py:" in said
    assert "Traceback" not in said
    assert "hunter2" not in said


def test_debugging_shows_where_a_fault_came_from_without_what_it_says(capsys, monkeypatch):
    monkeypatch.setenv("STRONGROOM_LOG_LEVEL", "debug")

    end(failed("by nought"), as_json=False)

    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "in failed" in said
    assert "ZeroDivisionError" in said
    assert "by nought" not in said
    assert "hunter9" not in said


def test_a_fault_of_the_system_names_the_file(capsys):
    code = end(PermissionError(13, "Permission denied", "/some/where"), as_json=False)

    assert code == 1
    assert capsys.readouterr().err == "strongroom: error: /some/where: Permission denied\n"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:pa/ss@word@h1,h2/db", "postgresql+psycopg://me:********@h1,h2/db"),
        ("postgresql+psycopg://h/db?user=me&password=x&a=b", "postgresql+psycopg://h/db?user=me&password=********&a=b"),
        ("postgresql+psycopg://h/db?sslpassword=x", "postgresql+psycopg://h/db?sslpassword=********"),
        ("sqlite:////home/a:b@c/agents.db", "sqlite:////home/a:b@c/agents.db"),
        ("https://gitlab.com", "https://gitlab.com"),
        ("no URL", "no URL"),
    ],
)
def test_a_password_in_a_url_is_masked(url, shown):
    assert masked_url(url) == shown


def test_a_secret_is_masked():
    assert shown_value(SecretValue("hunter2")) == "********"
    assert shown_value(None) is None
