"""Tokens that are taken away are gone for whoever has them open, and nothing that belongs to no mount stays."""

import os
from pathlib import Path

import pytest

from adapters.filesystem import DirectoryTokenMount
from domain.errors import DeliveryFailed
from domain.mounts import Owner
from tests.support import token_memory
from tests.support.token_memory import (
    AN_ORDINARY_USER,
    CALL,
    OURS,
    SERVICE,
    as_user,
    files_below,
    identity,
    mount,
    skip_unless_root,
    traced,
)

runtime, mounts = token_memory.runtime, token_memory.mounts

TOKEN = "tokens/reviewer"


@pytest.fixture
def agent(mounts):
    """The directory of the agent, with a token in it."""
    mounts.write("reviewer", TOKEN, b"tok-1", OURS)
    return Path(mounts.directory("reviewer"))


def test_a_file_is_emptied_before_it_loses_its_name(mounts, tmp_path, runtime):
    mounts.write("reviewer", TOKEN, b"tok-1", OURS)
    names = [name for name, _ in traced(runtime, "wipe", tmp_path / "log") if "truncate" in name or "unlink" in name]

    # The name of what is truncated is that of a descriptor, so it is not among the calls about our files.
    assert names[-1:] == ["unlinkat"]
    every = [call["name"] for call in CALL.finditer((tmp_path / "log").read_text())]
    assert every.index("truncate") < every.index("unlinkat")


def test_who_has_a_token_open_reads_nothing_once_it_is_wiped(mounts, agent):
    with (agent / TOKEN).open("rb", buffering=0) as held:
        assert mounts.wipe("reviewer", TOKEN) is True
        assert held.read() == b""
        assert os.fstat(held.fileno()).st_nlink == 0


def test_nor_does_who_has_one_that_is_swept(mounts, agent):
    with (agent / TOKEN).open("rb", buffering=0) as held:
        assert mounts.sweep({}) == ["reviewer/tokens/reviewer"]
        assert held.read() == b""


def test_a_second_name_of_a_token_is_empty_once_it_is_wiped(mounts, agent):
    (agent / "copy").hardlink_to(agent / TOKEN)
    mounts.wipe("reviewer", TOKEN)

    assert (agent / "copy").read_bytes() == b""


def test_one_of_another_user_is_emptied_by_who_owns_none(runtime):
    """What an ordinary user may read and not write is his own all the same."""
    skip_unless_root()
    base = runtime.parent / "mine"
    base.mkdir()
    os.chown(base, AN_ORDINARY_USER, AN_ORDINARY_USER)

    def act():
        mounts = DirectoryTokenMount(base / "run", service=SERVICE)
        mounts.prepare()
        mounts.write("reviewer", TOKEN, b"tok-1", Owner(AN_ORDINARY_USER, AN_ORDINARY_USER))
        with Path(mounts.directory("reviewer"), TOKEN).open("rb", buffering=0) as held:
            assert mounts.wipe("reviewer", TOKEN) is True
            assert held.read() == b""

    as_user(AN_ORDINARY_USER, act)


def test_a_sweep_takes_everything_that_belongs_to_no_mount(mounts, agent):
    agents = agent.parent
    for name in (".new-0123456789abcdef", "tokens/.new-0123456789abcdef", "tokens/other", "..data", "penpot-token~"):
        (agent / name).write_bytes(b"tok")
    (agent / "more" / "deep").mkdir(parents=True)
    os.mkfifo(agent / "more" / "pipe")
    (agents / "stray").write_bytes(b"tok")
    (agents / ".hidden").mkdir()
    (agents / "coder" / "tokens").mkdir(parents=True)
    (agents / "coder" / "tokens" / "coder").write_bytes(b"tok")

    assert mounts.sweep({"reviewer": [TOKEN, "penpot-token"]}) == [
        ".hidden",
        "coder/tokens/coder",
        "reviewer/..data",
        "reviewer/.new-0123456789abcdef",
        "reviewer/more",
        "reviewer/penpot-token~",
        "reviewer/tokens/.new-0123456789abcdef",
        "reviewer/tokens/other",
        "stray",
    ]
    assert files_below(agents) == {"reviewer/tokens/reviewer": b"tok-1"}
    assert (agents / "coder" / "tokens").is_dir()
    assert mounts.sweep({"reviewer": [TOKEN, "penpot-token"]}) == []


def test_a_sweep_leaves_what_it_keeps_untouched(mounts, agent):
    before = identity(agent / TOKEN)
    mounts.sweep({"reviewer": [TOKEN]})

    assert identity(agent / TOKEN) == before


def test_a_tree_of_any_depth_is_swept(mounts, agent):
    place = os.open(agent, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("deep", dir_fd=place)
        below = os.open("deep", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)

    assert mounts.sweep({}) == ["reviewer/deep", "reviewer/tokens/reviewer"]
    assert [path.name for path in agent.iterdir()] == ["tokens"]


@pytest.mark.parametrize("place", ["other", "reviewer/mounted", "reviewer/tree/mounted"])
def test_what_somebody_else_mounted_below_is_not_entered_and_all_else_is_swept(mounts, agent, place):
    skip_unless_root()
    mounted = agent.parent / place
    mounted.parent.mkdir(parents=True, exist_ok=True)
    mount(mounted, "mode=0755")
    (mounted / "file").write_bytes(b"not ours")

    with pytest.raises(DeliveryFailed, match="Device or resource busy"):
        mounts.sweep({})
    assert (mounted / "file").read_bytes() == b"not ours" if mounted.exists() else True
    assert not (agent / TOKEN).exists()
    assert [path.read_bytes() for path in agent.parent.rglob("file")] == [b"not ours"]


def test_what_is_mounted_over_the_tokens_is_not_written_to(mounts, agent):
    skip_unless_root()
    mount(agent / "tokens", "mode=0755")

    for act in (lambda: mounts.write("reviewer", TOKEN, b"tok-2", OURS), lambda: mounts.wipe("reviewer", TOKEN)):
        with pytest.raises(DeliveryFailed, match="Device or resource busy"):
            act()
    assert list((agent / "tokens").iterdir()) == []
