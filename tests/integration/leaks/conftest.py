"""A house full of secrets, furnished once, and a copy of it for each test."""

import pytest

from tests.support.leak_house import LeakHouse, furnish


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CREDENTIALS_DIRECTORY", raising=False)
        return furnish(tmp_path_factory.mktemp("furnished"))


@pytest.fixture
def house(furnished, tmp_path, monkeypatch):
    return LeakHouse(furnished, tmp_path, monkeypatch)
