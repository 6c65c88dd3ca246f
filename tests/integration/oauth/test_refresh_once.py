"""One refresh for each expiry, whichever and however many processes ask: counted by the forge itself."""

import json
import time
from functools import partial

import pytest

from app import open_state
from domain.errors import NeedsReauth
from tests.support.oauth_forge import CLIENT_SECRET, running_forge
from tests.support.oauth_home import home_of
from tests.support.races import in_processes, in_threads

PROCESSES, CALLS = 8, 20
ACCESS_TTL_S = 3
PACE_S = 0.35
TRIES = 5


def fetch_again_and_again(home, forge, _number):
    """Ask for the token as an agent does, use it at once, and say so if it was refused; returns what the forge took.

    A token may be refreshed by another, or end, between the fetch and the use: then it is fetched again.
    """
    taken = []
    secret = {f"{home.forge}_client_secret": CLIENT_SECRET}
    with open_state(**home.flags, **secret) as state:
        for _ in range(CALLS):
            token = state.access_token(home.forge).reveal()
            for _ in range(TRIES):
                if forge.takes(token):
                    break
                token = state.access_token(home.forge, rejected=token).reveal()
            else:
                token = None
            taken.append(token is not None)
            time.sleep(PACE_S)  # an agent works in between; several lives of the token have to go by
    return taken


@pytest.mark.parametrize("kind", ["strict", "gitlab", "github", "forgejo"])
def test_eight_processes_cause_one_refresh_for_each_expiry(kind, tmp_path):
    with running_forge(kind, accessTtl=ACCESS_TTL_S) as forge:
        home = home_of(forge, tmp_path)
        with home.service() as service:
            connected = home.connect(service)
            forge.fault(grant="refresh_token", wait_ms=300, times=1_000)

            taken = in_processes(partial(fetch_again_and_again, home, forge), count=PROCESSES)

            token, stats = service.unaudited_oauth_tokens().get(home.forge), forge.stats()
    assert all(all(each) for each in taken)
    assert stats["refreshes"] == token.version - connected.version >= 2
    assert (stats["reused"], stats["grants_revoked"], stats["most_at_once"]) == (0, 0, 1)


def ask(home, rejected, _number):
    secret = {f"{home.forge}_client_secret": CLIENT_SECRET}
    with open_state(**home.flags, **secret) as state:
        return state.access_token(home.forge, rejected=rejected).reveal()


def test_a_dead_token_that_many_report_is_refreshed_once(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        dead = home.connect(service).access_token.reveal()

        got = in_processes(partial(ask, home, dead))
        again = in_processes(partial(ask, home, dead))

    assert len({*got, *again}) == 1
    assert dead not in got
    assert gitlab.stats()["refreshes"] == 1


def test_threads_wait_for_the_one_that_asks(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        dead = home.connect(service).access_token
        gitlab.fault(grant="refresh_token", wait_ms=500)

        got = in_threads(lambda _number: service.refresh_connection()("gitlab", rejected=dead).access_token)

    assert len(set(got)) == 1
    assert gitlab.stats()["refreshes"] == 1


def test_a_bare_refresh_is_done_once_in_half_a_minute(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        home.connect(service)

        tokens = [service.refresh_connection().force("gitlab") for _ in range(3)]

    assert len({token.access_token for token in tokens}) == 1
    assert gitlab.stats()["refreshes"] == 1


def test_a_new_refresh_token_takes_the_place_of_the_old_everywhere(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        first = home.connect(service)

        second = service.refresh_connection().force("gitlab")

        stored = service.unaudited_oauth_tokens().get("gitlab")
        assert stored.same_credentials(second)
        assert not stored.same_credentials(first)
        assert (stored.account, stored.connected_at) == ("ada", first.connected_at)
        assert stored.refreshed_at is not None
    assert not list((tmp_path / "state").glob("oauth-answer-*"))


def test_a_disconnect_during_a_refresh_is_not_undone(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        dead = home.connect(service).access_token
        refresh = service.refresh_connection()
        server = service.authorization_servers()["gitlab"]
        asked, real = [], server.refresh

        def refreshed_late(client, token):
            answer = real(client, token)
            service.unaudited_oauth_tokens().delete("gitlab")
            asked.append(answer)
            return answer

        server.refresh = refreshed_late
        with pytest.raises(Exception, match="not connected") as caught:
            refresh("gitlab", rejected=dead)

        assert caught.value.code == "not_connected"
        assert service.unaudited_oauth_tokens().get("gitlab") is None
        assert not gitlab.takes(asked[0].access_token.reveal())


def test_a_new_connection_during_a_refresh_stays(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        dead = home.connect(service).access_token
        server = service.authorization_servers()["gitlab"]
        real = server.refresh

        def refreshed_late(client, token):
            answer = real(client, token)
            home.connect(service, login="grace")
            return answer

        server.refresh = refreshed_late
        got = service.refresh_connection()("gitlab", rejected=dead)

        assert got.account == "grace"
        assert service.unaudited_oauth_tokens().get("gitlab").account == "grace"
        assert gitlab.takes(got.access_token.reveal())


def test_who_was_overtaken_gets_the_token_of_the_other(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service, home.service() as other:
        dead = home.connect(service).access_token
        server = service.authorization_servers()["gitlab"]
        real = server.refresh

        def overtaken(client, token):
            answer = other.authorization_servers()["gitlab"].refresh(client, token)
            stored = other.unaudited_oauth_tokens().get("gitlab")
            other.unaudited_oauth_tokens().upsert(answer.after(stored, client, other.clock().now()))
            return real(client, token)

        server.refresh = overtaken
        got = service.refresh_connection()("gitlab", rejected=dead)

        assert gitlab.takes(got.access_token.reveal())
        assert service.look_at_connection()("gitlab").status == "connected"


def test_a_refused_refresh_token_needs_the_operator_and_is_kept(forge, tmp_path):
    home = home_of(forge, tmp_path)
    with home.service() as service:
        token = home.connect(service)
        server = service.authorization_servers()[home.forge]
        server.refresh(forge.client(), token.refresh_token)  # somebody else has spent it

        for _ in range(2):
            with pytest.raises(NeedsReauth):
                service.refresh_connection()(home.forge, rejected=token.access_token)

        connection = service.look_at_connection()(home.forge)
        assert (connection.status, forge.stats()["refreshes"]) == ("needs_reauth", 2)
        assert connection.since is not None
        assert service.unaudited_oauth_tokens().get(home.forge).same_credentials(token)
        home.connect(service)
        assert service.look_at_connection()(home.forge).status == "connected"


def bring_in(home, _number):
    with home.service() as service:
        return [source.outcome.value for each in service.migrate()().migrations for source in each.sources]


def test_four_processes_that_start_over_the_old_file_ask_nobody(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    state = tmp_path / "state"
    state.mkdir()
    old = {
        "access_token": "old-access",
        "refresh_token": "old-refresh",
        "expires_in": 7200,
        "created_at": 1_600_000_000,
    }
    (state / "gitlab-oauth-token.json").write_text(json.dumps(old))

    outcomes = in_processes(partial(bring_in, home))

    assert [outcome for each in outcomes for outcome in each] == ["imported"]
    assert not (state / "gitlab-oauth-token.json").exists()
    assert gitlab.stats()["asked"] == []
    with home.service() as service:
        assert service.unaudited_oauth_tokens().get("gitlab").refresh_token.reveal() == "old-refresh"
