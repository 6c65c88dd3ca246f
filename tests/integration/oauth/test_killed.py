"""A process that is killed in the middle of a refresh: what the next one finds, and how often the forge was asked."""

import multiprocessing
import os
import signal
import time

import pytest

from domain.errors import NeedsReauth
from tests.support.oauth_forge import running_forge
from tests.support.oauth_home import home_of

PATIENCE_S = 60
TAKEN_OVER_WITHIN_S = 15  # far below the 60 s of the lease: the holder is seen to be gone


def kill_at(service, step):
    """Arrange that this process is killed by SIGKILL just before, or just after, a step."""
    keep = service.keep_answer()
    places = {
        "before the forge is asked": (service.authorization_servers()["gitlab"], "refresh", False),
        "after the answer": (keep.journal, "write", False),
        "after the journal": (keep.tokens, "upsert", False),
        "after the save": (keep.tokens, "upsert", True),
        "before the journal is cleared": (keep.journal, "clear", False),
        "before the lease is given back": (service.refresh_connection().leases, "release", False),
    }
    owner, name, afterwards = places[step]
    real = getattr(owner, name)

    def killed(*args, **kwargs):
        if afterwards:
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, killed)


def refresh_and_die(home, step):
    with home.service() as service:
        kill_at(service, step)
        service.refresh_connection().force("gitlab")


def in_a_process(target, *args):
    process = multiprocessing.get_context("spawn").Process(target=target, args=args)
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL


ASKED = {  # how often the forge was asked in the end; None: the answer was lost, and that is said
    "before the forge is asked": 1,
    "after the answer": None,
    "after the journal": 1,
    "after the save": 1,
    "before the journal is cleared": 1,
    "before the lease is given back": 1,
}


@pytest.mark.parametrize("kind", ["gitlab", "strict"])
@pytest.mark.parametrize("step", ASKED)
def test_the_next_process_has_a_good_token_or_says_why_not(kind, step, tmp_path):
    with running_forge(kind) as forge:
        home = home_of(forge, tmp_path)
        with home.service() as service:
            dead = home.connect(service).access_token
        in_a_process(refresh_and_die, home, step)

        begun = time.monotonic()
        with home.service() as service:
            refresh = service.refresh_connection()
            if ASKED[step] is None:
                with pytest.raises(NeedsReauth):
                    refresh("gitlab", rejected=dead)
                assert service.look_at_connection()("gitlab").status == "needs_reauth"
                assert forge.stats()["refreshes"] <= 2
            else:
                token = refresh("gitlab", rejected=dead)
                assert forge.takes(token.access_token.reveal())
                assert forge.stats()["refreshes"] == ASKED[step]
                assert service.look_at_connection()("gitlab").status == "connected"
        assert time.monotonic() - begun < TAKEN_OVER_WITHIN_S
    assert not list((tmp_path / "state").glob("oauth-answer-*")) or ASKED[step] is None


def test_an_answer_in_the_journal_is_saved_at_the_next_start(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        first = home.connect(service)
    in_a_process(refresh_and_die, home, "after the journal")

    with home.service() as service:
        stored = service.unaudited_oauth_tokens().get("gitlab")

    assert not stored.same_credentials(first)
    assert gitlab.takes(stored.access_token.reveal())
    assert not list((tmp_path / "state").glob("oauth-answer-*"))


def test_a_database_that_cannot_be_written_for_a_while_loses_nothing(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        home.connect(service)
        database = service.unaudited_oauth_tokens()._database
        with database.transaction() as transaction:
            transaction._connection.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON operator_oauth_tokens BEGIN SELECT RAISE(FAIL, 'disk I/O'); END"
            )
        with pytest.raises(Exception):  # noqa: B017 - whatever the database says
            service.refresh_connection().force("gitlab")
        with database.transaction() as transaction:
            transaction._connection.execute("DROP TRIGGER full")

        token = service.refresh_connection().force("gitlab")

    assert gitlab.takes(token.access_token.reveal())
    assert gitlab.stats()["refreshes"] == 1


def stopped_while_it_waits(home):
    with home.service() as service:
        service.refresh_connection().force("gitlab")


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
def test_an_order_to_stop_waits_for_the_answer_and_its_saving(gitlab, tmp_path, order):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        dead = home.connect(service).access_token
    gitlab.fault(grant="refresh_token", wait_ms=1_500)
    process = multiprocessing.get_context("spawn").Process(target=stopped_while_it_waits, args=(home,))
    process.start()
    deadline = time.monotonic() + PATIENCE_S
    while not gitlab.stats()["refreshes"]:
        assert time.monotonic() < deadline
    os.kill(process.pid, order)
    process.join(PATIENCE_S)

    with home.service() as service:
        stored = service.unaudited_oauth_tokens().get("gitlab")

    assert process.exitcode != 0
    assert stored.access_token != dead
    assert gitlab.takes(stored.access_token.reveal())
    assert not list((tmp_path / "state").glob("oauth-answer-*"))
