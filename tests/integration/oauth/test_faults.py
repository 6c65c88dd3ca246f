"""Every kind of forge and of fault: what it is taken for, what stays stored, how often the forge was asked."""

import pytest

from domain.errors import ForgeFailed, Misconfigured, NeedsReauth
from tests.support.oauth_forge import CLIENT_SECRET
from tests.support.oauth_home import home_of

TRANSIENT = {
    "500": {"status": 500},
    "502": {"status": 502},
    "429": {"status": 429, "headers": {"retry-after": "7"}},
    "a redirect": {"status": 302, "headers": {"location": "http://127.0.0.1:1/"}},
    "a page": {"status": 200, "body": "<html>wait</html>"},
    "closed": {"close": True},
}
LOST = {
    "the answer is lost": {"lose": True},
    "the answer is cut": {"cut": True},
    "no token": {"unset": ["access_token"]},
}
ENDS_OLD_ACCESS = {"gitlab", "github"}


def row(service):
    return service.database().one(service.database().prepare(_every_column()))


def _every_column():
    from sqlalchemy import text

    return text("SELECT * FROM operator_oauth_tokens")


@pytest.mark.parametrize("fault", TRANSIENT)
def test_what_may_pass_leaves_everything_as_it_is_and_waits(forge, tmp_path, fault):
    home = home_of(forge, tmp_path)
    with home.service() as service:
        token = home.connect(service)
        before = row(service)
        forge.fault(grant="refresh_token", **TRANSIENT[fault])
        refresh = service.refresh_connection()

        with pytest.raises(ForgeFailed) as caught:
            refresh(home.forge, rejected=token.access_token)
        with pytest.raises(ForgeFailed):  # it is left alone for a while
            refresh(home.forge, rejected=token.access_token)

        connection = service.look_at_connection()(home.forge)
        assert row(service) == before
        assert forge.stats()["refreshes"] == 1
        assert (connection.status, connection.last_error) == ("connected", caught.value.message)
        assert refresh(home.forge).access_token == token.access_token
        pause = service.connection_faults().get(home.forge).retry_at - connection.last_error_at
        assert pause == (7_000 if fault == "429" else 1_000)
    assert not list((tmp_path / "state").glob("oauth-answer-*"))


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_is_told_as_soon_as_the_forge_shows_it(forge, tmp_path, fault):
    home = home_of(forge, tmp_path)
    with home.service() as service:
        token = home.connect(service)
        before = row(service)
        forge.fault(grant="refresh_token", **LOST[fault])

        with pytest.raises((ForgeFailed, NeedsReauth)) as caught:
            service.refresh_connection().force(home.forge)

        connection = service.look_at_connection()(home.forge)
        assert row(service) == before
        assert forge.stats()["refreshes"] == 1
        if home.forge in ENDS_OLD_ACCESS:
            assert (caught.type, connection.status) == (NeedsReauth, "needs_reauth")
        else:  # the old token is still good, and is given out
            assert (caught.type, connection.status) == (ForgeFailed, "connected")
            assert forge.takes(service.refresh_connection()(home.forge).access_token.reveal())
            assert service.refresh_connection()(home.forge).access_token == token.access_token


def test_a_wrong_client_secret_is_a_config_error_until_it_is_set_right(forge, tmp_path):
    home = home_of(forge, tmp_path)
    with home.service() as service:
        token = home.connect(service)
        before = row(service)
    secret = f"{home.forge}_client_secret"
    with home.service(**{secret: "wrong"}) as service:
        with pytest.raises(Misconfigured):
            service.refresh_connection().force(home.forge)

        assert service.look_at_connection()(home.forge).status == "config_error"
        assert service.refresh_connection()(home.forge).access_token == token.access_token
        assert row(service) == before
    with home.service(**{secret: CLIENT_SECRET}) as service:
        renewed = service.refresh_connection().force(home.forge)

        assert service.look_at_connection()(home.forge).status == "connected"
        assert forge.takes(renewed.access_token.reveal())


@pytest.mark.parametrize("change", ["address", "client id"])
def test_a_token_goes_to_no_other_host_and_with_no_other_client(gitlab, forges, tmp_path, change):
    home = home_of(gitlab, tmp_path)
    elsewhere = forges("github")
    with home.service() as service:
        home.connect(service)
        before = row(service)
    other = {"address": {"gitlab_url": elsewhere.base_url}, "client id": {"gitlab_client_id": "another"}}[change]
    gitlab.reset()

    with home.service(**other) as service:
        for ask in (service.refresh_connection().force, service.refresh_connection(), service.give_out_access_token()):
            with pytest.raises(Misconfigured):
                ask("gitlab")

        assert service.look_at_connection()("gitlab").status == "config_error"
        assert row(service) == before
    assert (gitlab.stats()["asked"], elsewhere.stats()["asked"]) == ([], [])


def test_a_token_that_does_not_end_is_never_refreshed(forges, tmp_path):
    github = forges("github")
    home = home_of(github, tmp_path)
    with home.service() as service:
        github.fault(grant="authorization_code", unset=["expires_in", "refresh_token", "refresh_token_expires_in"])
        token = home.connect(service)

        got = service.refresh_connection()("github")

        assert got.access_token == token.access_token
        assert (got.expires_at, got.refresh_token) == (None, None)
        assert service.look_at_connection()("github").status == "connected"
    assert github.stats()["refreshes"] == 0


def test_a_rejected_token_that_nothing_refreshes_is_asked_about(forges, tmp_path):
    github = forges("github")
    home = home_of(github, tmp_path)
    with home.service() as service:
        github.fault(grant="authorization_code", unset=["expires_in", "refresh_token", "refresh_token_expires_in"])
        token = home.connect(service)

        with pytest.raises(ForgeFailed, match="nothing says that it ended"):
            service.refresh_connection()("github", rejected=token.access_token)
        assert service.look_at_connection()("github").status == "connected"

        service.authorization_servers()["github"].revoke(github.client(), token)
        with pytest.raises(NeedsReauth):
            service.refresh_connection()("github", rejected=token.access_token)
        assert service.look_at_connection()("github").status == "needs_reauth"
    assert github.stats()["refreshes"] == 0
