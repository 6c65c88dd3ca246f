"""Links, trees and pipes that somebody put in the place of a token are replaced, and never followed."""

import os
import socket
from pathlib import Path

import pytest

from adapters.filesystem import token_directory
from domain.errors import DeliveryFailed
from tests.support import token_memory
from tests.support.token_memory import OURS, files_below, identity, state

runtime, mounts = token_memory.runtime, token_memory.mounts

TOKEN = "tokens/reviewer"


@pytest.fixture
def agent(mounts):
    """The directory of the agent, with a token in it."""
    mounts.write("reviewer", TOKEN, b"tok-1", OURS)
    return Path(mounts.directory("reviewer"))


@pytest.fixture
def victim(runtime):
    """A file and a directory that are none of ours, beside the memory; that they are as they were is checked."""
    outside = runtime.parent / "outside"
    outside.mkdir(mode=0o700)
    (outside / "reviewer").write_bytes(b"victim")
    before = seen(outside)
    yield outside
    assert seen(outside) == before


def seen(directory):
    paths = (directory, *sorted(directory.rglob("*")))
    return [(str(path), state(path), identity(path), path.is_file() and path.read_bytes()) for path in paths]


def plant_a_token(agent, victim):
    (agent / TOKEN).unlink()
    (agent / TOKEN).symlink_to(victim / "reviewer")


def plant_a_directory_of_tokens(agent, victim):
    (agent / "tokens").rename(agent / "away")
    (agent / "tokens").symlink_to(victim)


def plant_an_agent(agent, victim):
    agent.rename(agent.with_name("away"))
    agent.symlink_to(victim.parent / "outside")
    assert (agent / "reviewer").read_bytes() == b"victim"


def plant_a_tree(agent, victim):
    (agent / TOKEN).unlink()
    (agent / TOKEN / "a" / "b").mkdir(parents=True)
    (agent / TOKEN / "a" / "file").symlink_to(victim / "reviewer")
    (agent / TOKEN / "a" / "directory").symlink_to(victim)
    (agent / TOKEN / "a" / "b" / "file").touch()


def plant_a_file(agent, victim):
    (agent / TOKEN).unlink()
    (agent / "tokens").rmdir()
    (agent / "tokens").touch()


def plant_a_pipe(agent, victim):
    (agent / TOKEN).unlink()
    os.mkfifo(agent / TOKEN)


def plant_a_socket(agent, victim):
    (agent / TOKEN).unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(agent / "tokens", os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{here}/reviewer")
        finally:
            os.close(here)


PLANTS = [
    plant_a_token,
    plant_a_directory_of_tokens,
    plant_an_agent,
    plant_a_tree,
    plant_a_file,
    plant_a_pipe,
    plant_a_socket,
]


@pytest.mark.parametrize("plant", PLANTS)
def test_what_was_planted_is_replaced_and_never_followed(mounts, agent, victim, plant):
    plant(agent, victim)

    assert mounts.write("reviewer", TOKEN, b"tok-2", OURS) is True
    assert ((agent / TOKEN).read_bytes(), state(agent / TOKEN)[0]) == (b"tok-2", 0o400)
    assert not any(path.is_symlink() for path in (agent, agent / "tokens", agent / TOKEN))
    assert mounts.write("reviewer", TOKEN, b"tok-2", OURS) is False
    mounts.sweep({"reviewer": [TOKEN]})
    assert files_below(agent.parent) == {"reviewer/tokens/reviewer": b"tok-2"}


@pytest.mark.parametrize("plant", PLANTS)
def test_what_was_planted_is_not_followed_when_the_token_is_wiped(mounts, agent, victim, plant):
    plant(agent, victim)
    mounts.wipe("reviewer", TOKEN)

    assert not os.path.lexists(agent / TOKEN) or plant is plant_an_agent or plant is plant_a_directory_of_tokens


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("plant", PLANTS)
def test_what_was_planted_is_swept_and_nothing_behind_it(mounts, agent, victim, plant, kept):
    plant(agent, victim)
    mounts.sweep({"reviewer": [TOKEN]} if kept else {})

    assert files_below(agent.parent) == {}


def test_a_link_in_the_place_of_the_unfinished_file_is_not_followed(mounts, agent, victim, mocker):
    mocker.patch.object(token_directory.secrets, "token_hex", return_value="00")
    planted = agent / "tokens" / ".new-00"
    planted.symlink_to(victim / "reviewer")

    with pytest.raises(DeliveryFailed, match="File exists"):
        mounts.write("reviewer", TOKEN, b"tok-2", OURS)
    assert (agent / TOKEN).read_bytes() == b"tok-1"
    assert mounts.sweep({"reviewer": [TOKEN]}) == ["reviewer/tokens/.new-00"]
    assert mounts.write("reviewer", TOKEN, b"tok-2", OURS) is True
