"""The container can build all that it offers, once each, and the rules of who imports whom are really in force."""

import tomllib
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from app.boot import open_service
from app.container import Container, open_container, plan_only
from app.setting_sources import load_settings
from domain.errors import DatabaseUnusable
from tests.support.memory_service import MemoryService

ROOT = Path(__file__).parents[3]
PROVIDERS = sorted(Container.providers)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


@pytest.fixture
def settings(tmp_path):
    return load_settings({"HOME": str(tmp_path)})


@pytest.fixture
def service(settings):
    container = open_service(settings)
    yield container
    container.database().close()


def test_everything_that_is_offered_can_be_built(service):
    built = {name: getattr(service, name)() for name in PROVIDERS}

    assert None not in built.values()
    assert {name for name, thing in built.items() if isinstance(thing, AbstractContextManager)} >= {
        "fresh_sessions",
        "fresh_secrets",
        "fresh_oauth_tokens",
    }


@pytest.mark.parametrize("name", [name for name in PROVIDERS if not name.startswith("fresh_")])
def test_each_is_built_once(service, name):
    assert getattr(service, name)() is getattr(service, name)()


def test_a_fresh_store_is_another_store_on_the_same_database(service):
    service.secrets().set("name", "value")

    with service.fresh_secrets() as one, service.fresh_secrets() as other:
        assert one is not other
        assert one.get("name") == other.get("name") == service.secrets().get("name")


def test_a_container_opens_nothing_by_itself(settings, tmp_path):
    open_container(settings)

    assert list(tmp_path.iterdir()) == []


def test_two_containers_share_nothing(settings):
    one, other = open_container(settings), open_container(settings)

    assert one.clock() is not other.clock()


def test_every_port_can_be_in_memory(tmp_path):
    container = MemoryService().container

    for name in PROVIDERS:
        if name not in {"master_key", "database", "cipher_of_copy", "backups_of"}:
            getattr(container, name)()
    assert list(tmp_path.iterdir()) == []


def test_a_container_for_plans_cannot_write(settings):
    open_service(settings).database().close()
    container = open_container(settings)
    _, master = container.unlock().check()
    plan_only(container, master)

    with pytest.raises(DatabaseUnusable, match="read-only"):
        container.secrets().set("name", "value")
    container.database().close()


def test_a_contract_that_names_a_module_names_one_that_is_there():
    ours = {"domain", "adapters", "app"}
    named = {
        module
        for contract in CONTRACTS
        for key in ("modules", "source_modules", "protected_modules", "allowed_importers", "containers")
        for module in contract.get(key, [])
        if module.partition(".")[0] in ours
    }

    for module in named:
        path = ROOT / "src" / Path(*module.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), module


def test_every_room_of_adapters_is_held_apart_from_the_others():
    rooms = {f"adapters.{path.parent.name}" for path in (ROOT / "src" / "adapters").glob("*/__init__.py")}
    (independence,) = [contract for contract in CONTRACTS if contract["type"] == "independence"]

    assert set(independence["modules"]) == rooms
