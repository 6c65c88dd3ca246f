"""What every part of the laboratory is given: a place to build homes in, how much to do, and a line that says so."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

import app

_MEMORY = Path("/dev/shm")
_ROOM_NEEDED = 512 * 1024 * 1024


def pytest_configure(config):
    """Know the mark, and refuse to judge another source than the one that is to be judged (see `mutations.py`)."""
    config.addinivalue_line("markers", "faults: the fault laboratory; FAULTS=all runs every point of it")
    source = os.environ.get("FAULTS_SOURCE")
    if source and not Path(app.__file__).is_relative_to(source):
        raise pytest.UsageError(f"the source under test is {source}, and {app.__file__} was imported")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def place(tmp_path):
    """A directory for homes. Syncing is free where memory backs it, and what is judged here is not the disk."""
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_NEEDED
    directory = Path(tempfile.mkdtemp(prefix="faults-", dir=_MEMORY)) if roomy else tmp_path
    yield directory
    if roomy:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def tell(request):
    """Print a line that is seen whatever pytest captures, and kept for the report of CI."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(line):
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\n{line}\n")
            sys.stderr.flush()

    return say
