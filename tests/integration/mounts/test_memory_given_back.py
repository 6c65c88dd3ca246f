"""Memory is given back once nothing but empty directories is in it, and only if we mounted it."""

import os
from functools import partial

import pytest

from adapters.filesystem import DirectoryTokenMount, FileMountRegister
from domain.mounts import Mount
from tests.support import token_memory
from tests.support.memory_directory import mounts_below
from tests.support.token_memory import (
    OPTIONS,
    OURS,
    SERVICE,
    mount,
    skip_unless_root,
    stepped,
    without_noswap,
)

runtime = token_memory.runtime


@pytest.fixture
def rooted(runtime):
    """The same, for tests that mount."""
    skip_unless_root()
    return runtime


def tree(root):
    return sorted(str(path) for path in root.rglob("*"))


def test_it_is_given_back_when_only_empty_directories_are_left(rooted):
    mounts = DirectoryTokenMount(rooted, service=SERVICE)
    register = FileMountRegister(rooted, service=SERVICE)
    mounts.prepare()
    mounts.write("reviewer", "tokens/reviewer", b"tok", OURS)
    mounts.wipe("reviewer", "tokens/reviewer")
    register.keep(Mount(agent="reviewer", owner=OURS, opened_at=1))
    (rooted / "records" / ".coder.json.0123456789abcdef.tmp").touch()  # of a process that was killed

    assert mounts.release() is False
    register.forget("reviewer")
    assert mounts.release() is True
    assert (mounts_below(rooted), tree(rooted), mounts.look().is_own) == ([], [], False)


@pytest.mark.parametrize("kind", ["file", "link", "deep"])
def test_it_is_not_given_back_while_anything_but_directories_is_in_it(rooted, kind):
    mounts = DirectoryTokenMount(rooted, service=SERVICE)
    mounts.prepare()
    place = rooted / "agents" / "reviewer" / "tokens" / "deep"
    place.mkdir(parents=True)
    {"file": (place.parent / "x").touch, "link": partial((place.parent / "x").symlink_to, "deep")}.get(
        kind, (place / "x").touch
    )()

    assert mounts.release() is False
    assert mounts_below(rooted) == [str(rooted)]


def test_it_is_not_given_back_while_a_process_of_ours_is_in_it(rooted):
    mounts = DirectoryTokenMount(rooted, service=SERVICE)
    mounts.prepare()
    held = os.open(rooted / "agents", os.O_RDONLY)
    try:
        assert mounts.release() is False
    finally:
        os.close(held)
    assert mounts.release() is True


def test_a_directory_that_is_no_mount_of_ours_is_never_unmounted(rooted):
    """A part of a mount that we made is none itself."""
    DirectoryTokenMount(rooted, service=SERVICE).prepare()
    inner = DirectoryTokenMount(rooted / "inner", service="inner")
    (rooted / "inner").mkdir(0o711)
    (rooted / "inner" / "service").write_text("inner")
    for name in ("agents", "records"):
        (rooted / "inner" / name).mkdir()

    assert inner.release() is False
    assert mounts_below(rooted) == [str(rooted)]


def test_memory_that_another_mounted_for_us_is_not_ours_to_take(rooted):
    if without_noswap():
        pytest.skip("needs Linux 6.4: on an older one we mount our own above it")
    mount(rooted, f"{OPTIONS},noswap")  # as the mount unit of systemd does
    mounts = DirectoryTokenMount(rooted, service=SERVICE)
    mounts.prepare()

    assert mounts.release() is False
    assert mounts_below(rooted) == [str(rooted)]


def test_without_any_memory_nothing_is_swept_or_written(runtime):
    assert stepped(runtime, "sweep").returncode == 0
    assert stepped(runtime, "first").returncode == 3
    assert not runtime.exists()
