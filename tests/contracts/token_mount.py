"""What every memory for tokens does."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import DeliveryFailed, Invalid
from domain.mounts import token_files

TOKEN, PENPOT = token_files("reviewer")
NO_AGENTS = ["", ".", "..", "a/b", "../x", "-x", ".new-1", "a\0", "a\n", "ä", "x" * 65]
NO_FILES = ["", ".", "..", "/", "/x", "x/", "a//b", "../x", "a/../b", "a/.", "a\0b", "a\nb", "\ud800", "x" * 256]


class TokenMountContract:
    """Subclasses override `mounts`, in which nothing is ready yet, `owner`, and `read`.

    `read` returns the bytes that a container of an agent reads from a file, None where there is none.
    """

    @pytest.fixture
    def mounts(self):
        raise NotImplementedError

    @pytest.fixture
    def owner(self):
        raise NotImplementedError

    @pytest.fixture
    def read(self):
        raise NotImplementedError

    @pytest.fixture
    def ready(self, mounts):
        """The same, once it is ready."""
        mounts.prepare()
        return mounts

    def test_before_it_is_ready_nothing_is_there_and_nothing_can_be_written(self, mounts, owner):
        assert mounts.look() is None
        assert mounts.wipe("reviewer", TOKEN) is False
        assert mounts.sweep({"reviewer": [TOKEN]}) == []
        assert mounts.release() is False
        with pytest.raises(DeliveryFailed) as refused:
            mounts.write("reviewer", TOKEN, b"tok-1", owner)
        assert "reviewer" in refused.value.message
        assert "tok-1" not in refused.value.message
        assert mounts.look() is None

    def test_it_is_made_ready_once_and_is_in_memory(self, mounts):
        memory = mounts.prepare()

        assert memory.is_in_memory
        assert mounts.look() == memory == mounts.prepare()

    def test_the_directory_of_an_agent_is_always_the_same_and_his_alone(self, mounts):
        before = mounts.directory("reviewer")
        mounts.prepare()

        assert mounts.directory("reviewer") == before != mounts.directory("coder")
        assert before.endswith("/agents/reviewer")

    def test_what_was_written_is_read(self, ready, owner, read):
        assert ready.write("reviewer", TOKEN, b"tok-1", owner) is True
        assert ready.write("reviewer", PENPOT, b"pen-1\n", owner) is True
        assert ready.write("coder", "tokens/coder", b"tok-2", owner) is True

        assert (read("reviewer", TOKEN), read("reviewer", PENPOT)) == (b"tok-1", b"pen-1\n")
        assert (read("coder", "tokens/coder"), read("coder", TOKEN)) == (b"tok-2", None)

    def test_only_a_change_is_told_as_one(self, ready, owner, read):
        ready.write("reviewer", TOKEN, b"tok-1", owner)

        assert ready.write("reviewer", TOKEN, b"tok-1", owner) is False
        assert ready.write("reviewer", TOKEN, b"tok-11", owner) is True
        assert ready.write("reviewer", TOKEN, b"tok-1", owner) is True
        assert ready.write("reviewer", TOKEN, b"tok", owner) is True
        assert read("reviewer", TOKEN) == b"tok"

    def test_any_bytes_are_kept_as_they_are(self, ready, owner, read):
        @given(content=st.binary(max_size=70_000))
        def is_kept(content):
            ready.write("reviewer", TOKEN, content, owner)
            assert read("reviewer", TOKEN) == content

        is_kept()

    def test_wiping_tells_whether_it_was_there_and_touches_nothing_else(self, ready, owner, read):
        ready.write("reviewer", TOKEN, b"tok-1", owner)
        ready.write("reviewer", PENPOT, b"pen-1", owner)

        assert ready.wipe("reviewer", TOKEN) is True
        assert ready.wipe("reviewer", TOKEN) is False
        assert ready.wipe("coder", PENPOT) is False
        assert (read("reviewer", TOKEN), read("reviewer", PENPOT)) == (None, b"pen-1")
        assert ready.write("reviewer", TOKEN, b"tok-1", owner) is True

    def test_a_sweep_leaves_what_is_to_be_kept(self, ready, owner, read):
        for agent in ("a.b", "a-b", "a"):
            ready.write(agent, f"tokens/{agent}", b"tok", owner)
            ready.write(agent, PENPOT, b"pen", owner)

        swept = ready.sweep({"a": ["tokens/a", "not-there"], "a-b": [PENPOT], "other": [PENPOT]})

        assert swept == ["a-b/tokens/a-b", "a.b/penpot-token", "a.b/tokens/a.b", "a/penpot-token"]
        assert (read("a", "tokens/a"), read("a-b", PENPOT)) == (b"tok", b"pen")
        assert (read("a", PENPOT), read("a-b", "tokens/a-b"), read("a.b", PENPOT)) == (None, None, None)
        assert ready.sweep({"a": ["tokens/a"], "a-b": [PENPOT]}) == []

    @pytest.mark.parametrize("agent", NO_AGENTS)
    def test_what_is_no_agent_has_no_mount(self, ready, owner, agent):
        for act in (
            lambda: ready.directory(agent),
            lambda: ready.write(agent, TOKEN, b"tok", owner),
            lambda: ready.wipe(agent, TOKEN),
        ):
            with pytest.raises(Invalid):
                act()

    @pytest.mark.parametrize("file", NO_FILES)
    def test_a_path_that_leads_elsewhere_is_refused(self, ready, owner, file):
        with pytest.raises(Invalid):
            ready.write("reviewer", file, b"tok", owner)
        with pytest.raises(Invalid):
            ready.wipe("reviewer", file)

    def test_of_all_names_those_are_taken_that_are_plain(self, ready, owner, read):
        @given(name=st.text(st.characters(exclude_characters="/"), max_size=260))
        @example("é" * 128)
        @example("..data")
        @example(" ")
        def is_taken_or_refused(name):
            if not name.isprintable() or name in {"", ".", ".."} or len(name.encode()) > 255:
                with pytest.raises(Invalid):
                    ready.write("reviewer", f"tokens/{name}", b"tok", owner)
                return
            ready.write("reviewer", f"tokens/{name}", b"tok", owner)
            assert read("reviewer", f"tokens/{name}") == b"tok"
            assert ready.sweep({}) == [f"reviewer/tokens/{name}"]

        is_taken_or_refused()

    def test_the_memory_is_given_back_once_nothing_is_in_it(self, ready, owner, read):
        if not ready.look().is_own:
            pytest.skip("mounting memory takes root")
        ready.write("reviewer", TOKEN, b"tok", owner)

        assert ready.release() is False
        assert read("reviewer", TOKEN) == b"tok"
        ready.wipe("reviewer", TOKEN)
        assert ready.release() is True
        assert ready.release() is False
        ready.prepare()
        assert ready.write("reviewer", TOKEN, b"tok", owner) is True
