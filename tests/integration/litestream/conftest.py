"""A home with a database, a Litestream that is not started yet, and how a restored database is used."""

import pytest

from tests.integration.cli.homes import Home
from tests.support.litestream import Litestream

SECRET = "agent_token:reviewer"
VALUE = "tok-SENTINEL-Ls17"


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    done = home.run("secrets", "set", SECRET, stdin=VALUE.encode())
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def litestream(home, tmp_path):
    litestream = Litestream(home.state, tmp_path / "replica", tmp_path / "litestream.log")
    yield litestream
    if litestream.process and litestream.process.poll() is None:
        litestream.stop()


@pytest.fixture
def replicating(litestream):
    """Give a Litestream that runs."""
    with litestream.replicating():
        yield litestream


@pytest.fixture
def run(home):
    """Run a command in a process of its own, on the database or on one that was restored; gives what it prints."""

    def ran(*args, stdin="", state_dir=home.state, codes=(0,)):
        done = home.run(*args, stdin=stdin.encode(), env={"STRONGROOM_STATE_DIR": str(state_dir)})
        assert done.returncode in codes, done.stdout + done.stderr
        return (done.stdout or done.stderr).decode()

    return ran
