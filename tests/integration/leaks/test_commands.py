"""No command shows a secret but the two that are asked for one, whatever goes wrong."""

from contextlib import ExitStack

import pytest

from adapters.sql.database import Database
from tests.integration.leaks.troubles import ENDS_WITH, LIES_IN_FILES, TROUBLES, raising_secrets
from tests.support.driven_commands import CALLS
from tests.support.leak_house import LeakHouse


@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["text", "JSON"])
def test_no_command_shows_a_secret(house, flags):
    with house.witnessed():
        ended = [(name, call, *house.command(name, call, *flags)) for name, call in CALLS]
    house.look_at_files()

    assert house.watch.leaks == []
    assert [(name, call.args, code) for name, call, code, _ in ended if call.code not in {code, None}] == []
    assert [(name, call.args) for name, call, _, shown in ended if shown != call.shows] == []
    assert house.watch.seen["exception"] > 20


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_command_shows_a_secret_in_trouble(house, trouble):
    with ExitStack() as stack:
        TROUBLES[trouble](house, stack)
        stack.enter_context(house.witnessed())
        codes = {house.command(name, call, "--json")[0] for name, call in CALLS if name != "keys change-master"}
    if trouble not in LIES_IN_FILES:
        house.look_at_files()

    assert house.watch.leaks == []
    assert ENDS_WITH[trouble] in codes


@pytest.mark.parametrize("level", ["debug", "error"])
def test_no_command_shows_a_secret_where_nobody_foresaw_the_fault(furnished, tmp_path, monkeypatch, level):
    house = LeakHouse(furnished, tmp_path, monkeypatch, level=level)
    monkeypatch.setattr(Database, "transaction", raising_secrets)

    ended = [house.command(name, call)[0] for name, call in CALLS]

    assert house.watch.leaks == []
    assert 1 in ended
