"""The package as it is installed: its names are its own, its typing is marked, its dependencies are pinned by hash."""

import re
import tomllib
from importlib.metadata import distribution, entry_points, packages_distributions, version
from importlib.resources import files
from pathlib import Path

import pytest

from app.version import __version__

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "adapters", "app")
LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = re.compile(r"([a-z0-9][a-z0-9._-]*)==([^\s;]+)( ; [^\\]+)? \\")
HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?")


def requirements(lock):
    """Pin -> its lines, of a lock file."""
    lines = [line for line in (ROOT / lock).read_text().splitlines() if not line.startswith("#")]
    found = {}
    for line in lines:
        if not line.startswith(" "):
            current = found.setdefault(line, [])
        else:
            current.append(line)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_ships_our_names(package):
    shipped_by = packages_distributions().get(package, ["strongroom"])

    assert set(shipped_by) == {"strongroom"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_marked_as_typed(package):
    assert files(package).joinpath("py.typed").is_file()


def test_the_command_can_be_loaded():
    (script,) = entry_points(group="console_scripts", name="strongroom")

    assert script.dist.name == "strongroom"
    assert callable(script.load())


def test_the_version_is_said_in_one_place():
    assert version("strongroom") == __version__
    assert PROJECT["project"]["dynamic"] == ["version"]
    said = [path for path in (ROOT / "src").rglob("*.py") if f'"{__version__}"' in path.read_text()]
    assert said == [ROOT / PROJECT["tool"]["hatch"]["version"]["path"]]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_host(lock):
    text = (ROOT / lock).read_text()

    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host| @ ", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_file_is_a_pin_with_hashes(lock):
    pins = requirements(lock)

    assert pins
    for pin, hashes in pins.items():
        assert PINNED.fullmatch(pin), pin
        assert hashes, pin
        assert all(HASH.fullmatch(line) for line in hashes), pin
        assert [line.endswith("\\") for line in hashes] == [True] * (len(hashes) - 1) + [False], pin


@pytest.mark.parametrize(("lock", "groups"), [(LOCKS[0], ["build"]), (LOCKS[1], ["build", "dev"])])
def test_every_dependency_that_is_declared_is_in_the_lock_file(lock, groups):
    declared = PROJECT["project"]["dependencies"] + [d for g in groups for d in PROJECT["dependency-groups"][g]]
    names = {re.match(r"[A-Za-z0-9._-]+", d)[0].lower().replace("_", "-") for d in declared}

    assert names <= {pin.partition("==")[0].replace("_", "-") for pin in requirements(lock)}


def test_what_runs_is_pinned_the_same_for_development():
    assert requirements(LOCKS[0]).keys() <= requirements(LOCKS[1]).keys()


def test_what_is_installed_is_what_the_lock_file_pins():
    pins = dict(pin.split(" ")[0].split("==") for pin in requirements(LOCKS[0]) if ";" not in pin)

    assert {name: version(name) for name in pins} == pins


def test_the_licence_is_declared_and_there():
    assert distribution("strongroom").metadata["License-Expression"] == "MIT"
    assert (ROOT / "LICENSE").is_file()
