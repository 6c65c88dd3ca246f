"""The contract suites on the memory that containers really have, and what is written down there."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.filesystem import DirectoryTokenMount, FileMountRegister
from domain.errors import DeliveryFailed
from tests.contracts.mount_register import OPEN, MountRegisterContract
from tests.contracts.token_mount import TokenMountContract
from tests.support import token_memory
from tests.support.token_memory import OURS, SERVICE

runtime, mounts = token_memory.runtime, token_memory.mounts


class TestDirectoryTokenMount(TokenMountContract):
    @pytest.fixture
    def mounts(self, runtime):
        return DirectoryTokenMount(runtime, service=SERVICE)

    @pytest.fixture
    def owner(self):
        return OURS

    @pytest.fixture
    def read(self, mounts):
        def content(agent, file):
            path = Path(mounts.directory(agent), file)
            return path.read_bytes() if path.exists() else None

        return content


class TestFileMountRegister(MountRegisterContract):
    @pytest.fixture
    def register(self, mounts, runtime):
        return FileMountRegister(runtime, service=SERVICE)

    def test_an_entry_names_its_service_and_format_and_is_for_us_alone(self, register, runtime):
        before = os.umask(0)
        try:
            register.keep(OPEN)
        finally:
            os.umask(before)
        entry = runtime / "records" / "reviewer.json"

        assert entry.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in entry.parent.iterdir()] == ["reviewer.json"]
        said = json.loads(entry.read_text())
        assert (said["format"], said["service"], said["agent"]) == (1, SERVICE, "reviewer")

    def test_no_byte_of_a_token_is_in_an_entry(self, register, mounts, runtime):
        mounts.write("reviewer", "tokens/reviewer", b"sentinel-of-a-token", OURS)
        register.keep(OPEN)

        outside = [path for path in runtime.rglob("*") if path.is_file() and "agents" not in path.parts]
        assert len(outside) == 2
        assert not any(b"sentinel" in path.read_bytes() for path in outside)

    def test_what_another_service_entered_is_as_if_it_were_not(self, register, runtime):
        register.keep(OPEN)
        other = FileMountRegister(runtime, service="/home/other/state")

        assert (other.all(), other.find("reviewer"), other.forget("reviewer")) == ([], None, False)
        with pytest.raises(DeliveryFailed, match="no memory"):
            other.keep(OPEN)
        assert register.all() == [OPEN]

    def test_where_there_is_no_memory_nothing_is_open_and_nothing_is_entered(self, runtime):
        register = FileMountRegister(runtime, service=SERVICE)

        assert (register.all(), register.find("reviewer"), register.forget("reviewer")) == ([], None, False)
        with pytest.raises(DeliveryFailed, match="no memory"):
            register.keep(OPEN)
        assert not runtime.exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"format": 2},
            {"service": None},
            {"agent": "coder"},
            {"agent": None},
            {"owner": {"uid": 1}},
            {"owner": {"uid": "1", "gid": 1}},
            {"owner": []},
            {"opened_at": None},
            {"opened_at": True},
            {"ended_at": "yesterday"},
            {"holders": "process"},
            {"holders": [1]},
            {"deliveries": {}},
            {"deliveries": [{"file": "x"}]},
            {"fault": 7},
            {"unknown": 7},
        ],
    )
    def test_an_entry_that_is_malformed_is_passed_over(self, register, runtime, wrong):
        register.keep(OPEN)
        register.keep(replace(OPEN, agent="zoe"))
        entry = runtime / "records" / "reviewer.json"
        entry.write_text(json.dumps({**json.loads(entry.read_text()), **wrong}))

        assert register.find("reviewer") is None
        assert [mount.agent for mount in register.all()] == ["zoe"]
        register.keep(OPEN)
        assert register.find("reviewer") == OPEN

    def test_whatever_bytes_an_entry_has_nothing_breaks(self, register, runtime):
        register.keep(OPEN)
        entry = runtime / "records" / "reviewer.json"
        whole = entry.read_bytes()

        @given(start=st.integers(0, len(whole)), noise=st.binary(max_size=20))
        def is_passed_over(start, noise):
            entry.write_bytes(whole[:start] + noise)
            assert register.find("reviewer") in {None, OPEN}

        is_passed_over()
        for text in ("[" * 100_000, "null", "7", '"x"', "[]", "{}", ""):
            entry.write_text(text)
            assert register.all() == []

    def test_what_is_no_entry_is_none(self, register, runtime):
        records = runtime / "records"
        (records / ".reviewer.json.0123456789abcdef.tmp").touch()
        (records / "README").touch()
        (records / "directory.json").mkdir()
        (records / "loop.json").symlink_to("loop.json")

        assert register.all() == []

    def test_an_entry_that_cannot_be_looked_up_is_not_none(self, register, mocker):
        register.keep(OPEN)
        mocker.patch("adapters.filesystem.mount_register.os.open", side_effect=OSError(errno.EMFILE, "too many"))

        for look in (register.all, lambda: register.find("reviewer")):
            with pytest.raises(DeliveryFailed):
                look()
