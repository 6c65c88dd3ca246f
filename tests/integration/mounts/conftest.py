"""Three tiers of containers, each begun when a test first asks for it, and skipped with what to install."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.containers.bubblewrap import Bubblewrap, why_no_bubblewrap
from tests.support.containers.docker_engine import a_docker_engine, why_no_docker_engine
from tests.support.containers.podman import a_podman, why_no_podman
from tests.support.containers.rootfs import build_rootfs, why_no_rootfs
from tests.support.served_mounts import served_mounts


@pytest.fixture(scope="session")
def rootfs():
    """The root file system of every container."""
    _skip_for(why_no_rootfs())
    directory = Path(tempfile.mkdtemp(prefix="rootfs-"))
    directory.chmod(0o711)
    yield build_rootfs(directory)
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def bubblewrap(rootfs):
    """Containers that start at once, for everything that a mount means."""
    _skip_for(why_no_bubblewrap(rootfs))
    return Bubblewrap(rootfs)


@pytest.fixture(scope="session")
def running_podman(rootfs):
    _skip_for(why_no_podman())
    with _skipped_if_it_cannot_begin("Podman", a_podman(rootfs)) as podman:
        yield podman


@pytest.fixture
def podman(running_podman):
    """Podman and runc, for lives of containers and for maps of users. No container outlives the test."""
    yield running_podman
    running_podman.clear()


@pytest.fixture(scope="session")
def running_docker(rootfs):
    _skip_for(why_no_docker_engine())
    with _skipped_if_it_cannot_begin("the Docker Engine", a_docker_engine(rootfs)) as engine:
        yield engine


@pytest.fixture
def docker_engine(running_docker):
    """A Docker Engine, for events and restarts. It runs when a test begins, and no container outlives the test."""
    yield running_docker
    if not running_docker.is_up:
        running_docker.end()
        running_docker.begin()
    running_docker.clear()


@pytest.fixture
def tokens():
    """A directory to bind that every user may enter, with what is in it as the test makes it."""
    directory = Path(tempfile.mkdtemp(prefix="tokens-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def served(tmp_path):
    """A running service with a token of the reviewer, and mounts in memory."""
    with served_mounts(tmp_path) as served:
        yield served


def _skip_for(reason):
    if reason:
        pytest.skip(reason)


@contextmanager
def _skipped_if_it_cannot_begin(name, manager):
    """Enter a context manager; what it cannot do on this kernel is a reason to skip, and not a failure."""
    try:
        entered = manager.__enter__()
    except (ChildProcessError, AssertionError) as error:
        pytest.skip(f"{name} cannot begin on this kernel: {error}")
    try:
        yield entered
    finally:
        manager.__exit__(None, None, None)
