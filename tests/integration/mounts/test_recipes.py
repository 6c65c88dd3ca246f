"""The recipes of docs/containers.md, each run as it is printed there."""

import re
import sys
from pathlib import Path
from subprocess import run

import pytest

from domain.mounts import Owner
from tests.support.readers import a_token
from tests.support.served_mounts import token_of

PAGE = Path(__file__).parents[3] / "docs" / "containers.md"
RECIPES = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
FILE = "/run/claude-hooks/tokens/reviewer"
IMAGE = "agent:latest"


def recipe(*words):
    """Find the one recipe that has all these words."""
    (found,) = [each for each in RECIPES if all(word in each for word in words)]
    return found


@pytest.fixture
def cook(served):
    """Run a recipe beside a running service; what an engine needs comes on top of the environment."""

    def cooked(script, more=None):
        environ = {**served.home.environ, **(more or {}), "IMAGE": IMAGE}
        environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
        done = run(["sh", "-c", script], env=environ, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return cooked


def with_an_agent(engine):
    """Give the engine an image that runs something."""
    container = engine.start([], "true")
    engine.call("commit", "--change", 'CMD ["sleep", "600"]', container.id, IMAGE)
    return engine


def test_every_recipe_that_is_printed_is_run_here():
    assert len(RECIPES) == 8


def test_what_is_opened_is_printed_as_flags(served, cook):
    assert cook(RECIPES[0]).startswith("--mount type=bind,source=")


@pytest.mark.parametrize(("name", "number"), [("docker", 1000), ("podman", 1000)])
def test_an_engines_container_reads_its_token(served, cook, request, name, number):
    engine = with_an_agent(request.getfixturevalue("docker_engine" if name == "docker" else "podman"))
    words = ("docker run", "--detach") if name == "docker" else ("podman run", "--user 1000:1000")

    container = cook(recipe(*words), engine.environ).strip().splitlines()[-1]

    read = engine.call("exec", container, "cat", FILE)
    assert read.stdout == a_token(0)
    assert engine.call("exec", container, "id", "-u").stdout == f"{number}\n"
    served.wait_until_noticed()
    assert served.listed()["state"] == "in use"


def test_a_container_of_bubblewrap_reads_its_token(bubblewrap, served, cook):
    assert cook(recipe("bwrap")) == a_token(0)


def test_what_is_printed_for_compose_is_an_entry_of_volumes(served, cook):
    entry = cook(recipe("compose"))

    assert entry.startswith("- type: bind\n")
    assert f'source: "{served.open(owner=Owner(1000, 1000))}"' in entry


def test_a_command_reads_its_token(served, cook):
    assert cook(recipe("mounts exec")) == a_token(0)


def test_a_map_makes_the_owner(served, cook):
    directory = Path(cook(recipe("--uid-map")).strip())

    assert token_of(directory).stat().st_uid == 101_000
