"""What holds for every test: no setting of the developer's own leaks in, and where asked for a skip is a failure."""

import logging
import os

import pytest
from hypothesis import settings

from tests.support.memory_directory import unmount_below

# A machine that is busy with something else must not turn a property red. In CI the examples are the same each
# time, so that a change is judged by itself; everywhere else they are new, and find more.
settings.register_profile("strongroom", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("strongroom")

NO_SKIP = os.environ.get("NO_SKIPPED_TESTS") == "1"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    """Give each test an environment without our variables, and a home of its own."""
    for name in list(os.environ):
        if name.startswith(("STRONGROOM_", "XDG_")) or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def _no_mount_is_left(tmp_path):
    """Take away the memory that a service mounted for tokens, so that its directory can be removed."""
    yield
    unmount_below(tmp_path)


@pytest.fixture(autouse=True)
def _talking_wire():
    """Let the HTTP clients' loggers say all they would: a test that silenced them must not blind one that listens."""
    for name in ("authlib", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and this run allows no skips: {report.longrepr}"
    return report
