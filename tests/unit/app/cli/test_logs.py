"""Logs: their form, and no secret in them."""

import json
import logging

import pytest
import structlog

from app.logs import set_up_logs
from domain.values import SecretValue


@pytest.fixture(autouse=True)
def _as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_both_kinds_of_loggers_write_json_lines_to_standard_error(capsys):
    set_up_logs(form="json")

    structlog.get_logger("ours").info("listening", port=8787)
    logging.getLogger("uvicorn").warning("shutting %s", "down")

    out, err = capsys.readouterr()
    ours, theirs = (json.loads(line) for line in err.splitlines())
    assert out == ""
    assert (ours["event"], ours["port"], ours["level"]) == ("listening", 8787, "info")
    assert (theirs["event"], theirs["logger"]) == ("shutting down", "uvicorn")


def test_what_is_below_the_level_is_not_written(capsys):
    set_up_logs(level="warning", form="json")

    structlog.get_logger().info("quiet")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_is_masked_by_its_type_its_name_and_its_look(capsys, form):
    set_up_logs(form=form)

    structlog.get_logger().info(
        "GET /login?code=hunter2&next=/ with srt_hunter2",
        value=SecretValue("hunter2"),
        access_token="hunter2",
        headers={"authorization": "Bearer hunter2", "x": ["Bearer hunter2"]},
        url="postgresql://me:hunter2@host/db",
    )

    said = capsys.readouterr().err
    assert "next=/" in said
    assert "hunter2" not in said


def fail(number):
    unseen = "hunter" + str(number)
    raise ValueError("not so" if unseen else "")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_no_local_variables(capsys, form):
    set_up_logs(form=form)

    try:
        fail(2)
    except ValueError:
        structlog.get_logger().exception("failed")

    said = capsys.readouterr().err
    assert "ValueError: not so" in said
    assert "hunter2" not in said
