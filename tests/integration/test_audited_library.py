"""The library leaves events only if it is asked to."""

import pytest

from app import open_state
from app.audit import acting_as


@pytest.fixture
def places(tmp_path):
    return {"state_dir": tmp_path / "state", "config_dir": tmp_path / "config"}


def test_without_being_asked_the_library_leaves_no_event(places):
    with open_state(**places) as state:
        state.secrets.set("a", "1")
        state.secrets.get("a")

        assert state.container.audit().list() == []


def test_asked_to_it_leaves_one_for_each_act(places):
    with open_state(audit=True, **places) as state:
        state.secrets.set("a", "1")
        with acting_as("library: nightly job"):
            state.secrets.get("a")

        events = state.container.audit().list()
    assert [(event.actor, event.action, event.subject) for event in events] == [
        ("library: nightly job", "secret.read", "a"),
        ("library", "secret.write", "a"),
    ]
