"""Open token mounts hold what was restored by the time the command returns."""

import os
from pathlib import Path

import pytest

from domain.mounts import Owner
from tests.integration.backups.restorable import NOW, THEN, TOKEN, Machine
from tests.support.memory_directory import memory_directory


@pytest.fixture
def machine(tmp_path):
    with memory_directory() as runtime:
        machine = Machine(tmp_path)
        machine.given["runtime_dir"] = runtime
        yield machine.set_up()


def opened_mount(state):
    state.container.open_mount()("reviewer", Owner(os.getuid(), os.getgid()))
    return Path(state.container.token_mount().directory("reviewer")) / "tokens" / "reviewer"


def test_an_open_mount_is_given_the_token_that_was_restored(machine):
    with machine.opened() as state:
        file = opened_mount(state)
    assert file.read_text() == NOW

    machine.restore()

    assert file.read_text() == THEN


def test_a_token_that_the_backup_does_not_hold_is_taken_away(machine):
    with machine.opened() as state:
        state.secrets.delete(TOKEN)
        without = state.container.backups().create().file
        state.secrets.set(TOKEN, NOW)
        file = opened_mount(state)
    assert file.exists()

    machine.restore(without)

    assert not file.exists()
