"""The contract suites of token mounts on the memory adapters."""

import pytest

from adapters.memory import MemoryMountRegister, MemoryTokenMount
from domain.errors import MountRefused
from domain.mounts import Owner
from tests.contracts.mount_register import MountRegisterContract
from tests.contracts.token_mount import TOKEN, TokenMountContract


class TestMemoryTokenMount(TokenMountContract):
    @pytest.fixture
    def mounts(self):
        return MemoryTokenMount()

    @pytest.fixture
    def owner(self):
        return Owner(1000, 1000)

    @pytest.fixture
    def read(self, mounts):
        return mounts.content

    def test_another_owner_is_a_change(self, ready, owner):
        ready.write("reviewer", TOKEN, b"tok", owner)

        assert ready.write("reviewer", TOKEN, b"tok", Owner(0, 0)) is True

    def test_a_place_that_is_no_memory_is_refused(self, mounts):
        mounts.is_refused = True

        with pytest.raises(MountRefused):
            mounts.prepare()
        assert not mounts.look().is_in_memory


class TestMemoryMountRegister(MountRegisterContract):
    @pytest.fixture
    def register(self):
        return MemoryMountRegister()
