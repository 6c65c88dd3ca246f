"""Refreshing with every port in memory: what happens between any two steps of it."""

from dataclasses import replace

import pytest

from domain.connections import FaultKind, Status
from domain.errors import Busy, DatabaseUnusable, ForgeFailed, Misconfigured, NotConnected, VersionConflict
from domain.instants import HOUR_MS, MINUTE_MS, SECOND_MS
from domain.oauth import OAuthToken
from domain.ports import JournalledAnswer
from domain.values import SecretValue
from tests.support.memory_service import MemoryService

URL = "https://gitlab.com"


@pytest.fixture
def service():
    service = MemoryService()
    service.container.unaudited_setting_store().set("gitlab_client_id", "strongroom")
    return service


@pytest.fixture
def refresh(service):
    return service.container.refresh_connection()


@pytest.fixture
def token(service):
    """The token of a connection that was just made."""
    client = service.container.registration().client("gitlab")
    connected = service.forge.issue().first(client, service.clock.now())
    return replace(connected, version=service.oauth_tokens.upsert(connected))


def look(service):
    return service.container.look_at_connection()("gitlab")


def test_a_good_token_is_given_without_asking_anybody(service, refresh, token):
    assert refresh("gitlab").access_token == token.access_token
    assert (service.forge.refreshes, service.calls.count("leases.acquire")) == (0, 0)


@pytest.mark.parametrize(("left_ms", "refreshes"), [(MINUTE_MS, 0), (MINUTE_MS - 1, 1), (0, 1), (-HOUR_MS, 1)], ids=str)
def test_it_is_refreshed_in_its_last_minute_and_not_before(service, refresh, token, left_ms, refreshes):
    service.clock.set(token.expires_at - left_ms)

    refresh("gitlab")

    assert service.forge.refreshes == refreshes


def test_a_short_life_is_used_to_nine_tenths(service, refresh, token):
    short = replace(token, issued_at=service.clock.now(), expires_at=service.clock.now() + 10 * SECOND_MS)
    assert short.is_due(short.expires_at - SECOND_MS) is False
    assert short.is_due(short.expires_at - SECOND_MS + 1) is True


def test_what_was_refreshed_while_we_came_to_the_lease_is_not_refreshed_again(service, refresh, token):
    def another_was_faster():
        del service.before["leases.acquire"]
        renewed = service.forge.issue().after(
            token, service.container.registration().client("gitlab"), service.clock.now()
        )
        service.oauth_tokens.upsert(replace(renewed, expires_at=None))

    service.before["leases.acquire"] = another_was_faster

    got = refresh("gitlab", rejected=token.access_token)

    assert service.forge.refreshes == 0
    assert got.access_token != token.access_token


def test_who_waits_for_another_gets_what_that_one_saved(service, refresh, token):
    lease = service.leases.acquire("oauth:gitlab", ttl_ms=HOUR_MS)
    waited = []

    def saved_at_last():
        waited.append(service.clock.now())
        if len(waited) == 20:
            renewed = service.forge.issue().after(
                token, service.container.registration().client("gitlab"), service.clock.now()
            )
            service.oauth_tokens.upsert(replace(renewed, expires_at=None))
            service.leases.release(lease)

    service.before["leases.acquire"] = saved_at_last

    assert refresh("gitlab", rejected=token.access_token).access_token != token.access_token
    assert service.forge.refreshes == 0


def test_who_waits_in_vain_is_told_so_after_a_while(service, refresh, token):
    service.leases.acquire("oauth:gitlab", ttl_ms=HOUR_MS)
    begun = service.clock.now()

    with pytest.raises(Busy):
        refresh("gitlab", rejected=token.access_token)

    assert MINUTE_MS < service.clock.now() - begun < 2 * MINUTE_MS
    assert service.forge.refreshes == 0


def test_a_holder_whose_time_is_up_is_replaced(service, refresh, token):
    service.leases.acquire("oauth:gitlab", ttl_ms=MINUTE_MS)

    assert refresh("gitlab", rejected=token.access_token).access_token != token.access_token
    assert service.forge.refreshes == 1


def test_room_is_made_before_the_forge_is_asked_and_its_answer_kept_before_it_is_saved(service, refresh, token):
    refresh("gitlab", rejected=token.access_token)

    steps = [
        "answer_journal.reserve",
        "forge.refresh",
        "answer_journal.write",
        "oauth_tokens.upsert",
        "answer_journal.clear",
    ]
    assert [call for call in service.calls if call in steps] == steps


def test_a_save_is_tried_for_five_seconds_and_then_left_to_the_journal(service, refresh, token):
    service.fail("oauth_tokens.upsert", DatabaseUnusable("the disk is full"))
    begun = service.clock.now()

    with pytest.raises(DatabaseUnusable):
        refresh("gitlab", rejected=token.access_token)

    assert 5 * SECOND_MS <= service.clock.now() - begun < 7 * SECOND_MS
    assert service.journal.read("gitlab") is not None
    service.before.clear()
    assert refresh("gitlab", rejected=token.access_token).access_token != token.access_token
    assert service.forge.refreshes == 1
    assert service.journal.read("gitlab") is None


def test_a_save_that_works_again_in_time_is_noticed_by_nobody(service, refresh, token):
    failures = [DatabaseUnusable("busy")] * 3

    def fails_three_times():
        if failures:
            raise failures.pop()

    service.before["oauth_tokens.upsert"] = fails_three_times

    assert refresh("gitlab", rejected=token.access_token).access_token != token.access_token
    assert service.journal.read("gitlab") is None


def test_where_no_room_can_be_made_for_the_answer_the_forge_is_not_asked(service, refresh, token):
    service.fail("answer_journal.reserve", ForgeFailed("the disk is full"))

    with pytest.raises(ForgeFailed):
        refresh("gitlab", rejected=token.access_token)

    assert service.forge.refreshes == 0
    assert refresh("gitlab").access_token == token.access_token


def test_an_answer_to_a_version_that_is_gone_is_dropped_at_the_start(service, refresh, token):
    stale = replace(token, access_token=SecretValue("stale"))
    service.journal.write("gitlab", JournalledAnswer(stale, token.version - 1))

    refresh.recover()

    assert service.oauth_tokens.get("gitlab").access_token == token.access_token
    assert service.journal.read("gitlab") is None


def test_at_the_start_nobody_waits_for_a_lease(service, refresh, token):
    service.leases.acquire("oauth:gitlab", ttl_ms=HOUR_MS)
    service.journal.write("gitlab", JournalledAnswer(replace(token, access_token=SecretValue("new")), token.version))
    begun = service.clock.now()

    refresh.recover()

    assert service.clock.now() == begun
    assert service.journal.read("gitlab") is not None


def test_pauses_double_up_to_a_minute(service, refresh, token):
    pauses = []
    for _ in range(9):
        service.forge.failures.append(ForgeFailed("gitlab answers with status 502"))
        with pytest.raises(ForgeFailed):
            refresh("gitlab", rejected=token.access_token)
        fault = service.faults.get("gitlab")
        pauses.append((fault.retry_at - fault.at) // SECOND_MS)
        service.clock.set(fault.retry_at)

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert look(service).status is Status.CONNECTED


def test_during_a_pause_the_forge_is_left_alone_and_the_old_token_given(service, refresh, token):
    service.clock.set(token.expires_at - 1)
    service.forge.failures.append(ForgeFailed("gitlab asks to wait", retry_after_ms=HOUR_MS))

    assert refresh("gitlab").access_token == token.access_token
    assert refresh("gitlab").access_token == token.access_token
    service.clock.advance(MINUTE_MS)
    with pytest.raises(ForgeFailed, match="asked again in"):
        refresh("gitlab")

    assert service.forge.refreshes == 1


def test_a_client_secret_that_was_set_right_is_tried_at_once(service, refresh, token):
    service.forge.taken_secret = "right"
    service.clock.set(token.expires_at)
    for _ in range(2):
        with pytest.raises(Misconfigured):
            refresh("gitlab")
    asked = service.forge.refreshes
    assert look(service).status is Status.CONFIG_ERROR

    service.secrets.set("gitlab_client_secret", "right")

    assert refresh("gitlab").access_token != token.access_token
    assert (asked, service.forge.refreshes) == (1, 2)
    assert look(service).status is Status.CONNECTED


def test_one_passing_fault_under_a_token_that_was_dead_before_says_nothing_of_the_grant(service, refresh, token):
    service.forge.is_alive = lambda *_: False
    service.forge.failures.append(ForgeFailed("gitlab answers with status 503", may_have_acted=True))

    with pytest.raises(ForgeFailed):
        refresh("gitlab", rejected=token.access_token)

    assert look(service).status is Status.CONNECTED
    service.clock.advance(SECOND_MS)
    assert refresh("gitlab", rejected=token.access_token).access_token != token.access_token


def test_an_answer_that_another_saved_out_of_the_journal_is_not_given_back(service, refresh, token):
    def saved_by_another():
        del service.before["oauth_tokens.upsert"]
        left = service.journal.read("gitlab")
        service.oauth_tokens.upsert(left.token, expected_version=left.version)

    service.before["oauth_tokens.upsert"] = saved_by_another

    got = refresh("gitlab", rejected=token.access_token)

    assert (service.forge.revocations, got.access_token != token.access_token) == (0, True)
    assert service.oauth_tokens.get("gitlab").same_credentials(got)


def test_a_commit_that_was_reported_as_failed_and_was_none_revokes_nothing(service, refresh, token):
    real, said = service.oauth_tokens.upsert, []

    def durable_and_reported_as_failed(*args, **kwargs):
        version = real(*args, **kwargs)
        if not said:
            said.append(version)
            raise DatabaseUnusable("the disk says no, and did it")
        return version

    service.oauth_tokens.upsert = durable_and_reported_as_failed

    assert refresh("gitlab", rejected=token.access_token).access_token != token.access_token
    assert service.forge.revocations == 0


def test_a_journalled_answer_that_came_too_late_is_given_back_at_the_start(service, refresh, token):
    service.journal.write(
        "gitlab", JournalledAnswer(replace(token, access_token=SecretValue("late")), token.version + 7)
    )

    refresh.recover()

    assert service.forge.revocations == 1
    assert service.journal.read("gitlab") is None


def test_an_older_rejected_token_insists_on_nothing(service, refresh, token):
    service.clock.set(token.expires_at - 1)
    service.forge.failures.append(ForgeFailed("gitlab answers with status 503"))

    assert refresh("gitlab", rejected=SecretValue("older")).access_token == token.access_token


def test_many_rejected_tokens_do_not_try_a_wrong_client_again_and_again(service, refresh, token):
    service.forge.taken_secret = "right"
    for _ in range(5):
        with pytest.raises(Misconfigured):
            refresh("gitlab", rejected=token.access_token)

    assert service.forge.refreshes == 1


def test_a_disconnect_saves_and_revokes_what_lies_in_the_journal(service, refresh, token):
    newer = replace(token, access_token=SecretValue("newer"), refresh_token=SecretValue("newer-refresh"))
    service.journal.write("gitlab", JournalledAnswer(newer, token.version))
    revoked = []
    service.forge.revoke = lambda _client, gone: revoked.append(gone)
    service.forge.is_alive = lambda *_: False

    ended = service.container.disconnect()("gitlab")

    assert (ended.revocation, [gone.access_token.reveal() for gone in revoked]) == ("revoked", ["newer"])
    assert service.journal.read("gitlab") is None


def test_a_disconnect_waits_a_little_for_a_refresh_and_not_for_ever(service, refresh, token):
    service.leases.acquire("oauth:gitlab", ttl_ms=HOUR_MS)
    begun = service.clock.now()

    assert service.container.disconnect()("gitlab").revocation == "revoked"
    assert service.clock.now() - begun < 3 * SECOND_MS
    assert service.oauth_tokens.get("gitlab") is None


def test_a_late_fault_does_not_stain_a_newer_token(service, refresh, token):
    def connected_again():
        service.forge.on_refresh = lambda: None
        service.oauth_tokens.upsert(replace(token, access_token=SecretValue("newer")))

    service.before["forge.refresh"] = connected_again
    service.forge.failures.append(ForgeFailed("gitlab answers with status 502"))

    with pytest.raises(ForgeFailed):
        refresh("gitlab", rejected=token.access_token)

    assert look(service).last_error is None


def test_what_came_too_late_is_revoked_and_no_newer_grant_with_it(service, refresh, token):
    service.forge.on_refresh = lambda: service.oauth_tokens.delete("gitlab")
    revoked = []
    service.forge.revoke = lambda _client, late: revoked.append(late)

    with pytest.raises(NotConnected):
        refresh("gitlab", rejected=token.access_token)

    assert [(late.access_token != token.access_token, late.refresh_token) for late in revoked] == [(True, None)]


def test_nothing_is_refreshed_that_is_not_connected(service, refresh):
    with pytest.raises(NotConnected):
        refresh("gitlab")


def test_a_token_of_an_old_file_lives_without_a_client_and_then_says_what_is_missing(service, refresh):
    service.container.unaudited_setting_store().unset("gitlab_client_id")
    old = OAuthToken(
        forge_type="gitlab",
        access_token=SecretValue("old-access"),
        refresh_token=SecretValue("old-refresh"),
        expires_at=service.clock.now() + HOUR_MS,
    )
    service.oauth_tokens.upsert(old)
    assert refresh("gitlab").access_token == old.access_token

    service.clock.advance(HOUR_MS)

    with pytest.raises(Misconfigured, match="no OAuth client of gitlab is configured"):
        refresh("gitlab")


ENDS = {
    "connected": ({}, None, Status.CONNECTED),
    "never ends": ({"expires_at": None, "refresh_token": None}, None, Status.CONNECTED),
    "ends soon, for good": ({"refresh_token": None}, None, Status.EXPIRING),
    "its refresh token ends soon": ({"refresh_expires_at": 1}, None, Status.EXPIRING),
    "a passing fault": ({}, FaultKind.TRANSIENT, Status.CONNECTED),
    "refused": ({}, FaultKind.NEEDS_REAUTH, Status.NEEDS_REAUTH),
    "wrong client": ({}, FaultKind.CONFIG_ERROR, Status.CONFIG_ERROR),
    "another host": ({"base_url": "https://gitlab.example.org"}, None, Status.CONFIG_ERROR),
    "another client": ({"client_id": "another"}, None, Status.CONFIG_ERROR),
    "both tokens ended": ({"expires_at": 1, "refresh_expires_at": 1}, None, Status.NEEDS_REAUTH),
}


@pytest.mark.parametrize("case", ENDS)
def test_how_a_connection_stands_has_one_word(service, refresh, token, case):
    changes, kind, status = ENDS[case]
    if "refresh_expires_at" in changes:
        changes = {name: service.clock.now() + (HOUR_MS if len(changes) == 1 else 0) for name in changes}
    service.container.unaudited_setting_store().set("gitlab_url", URL)
    version = service.oauth_tokens.upsert(replace(token, **changes))
    if kind is not None:
        note = service.container.refresh_connection().attempt._note
        stored = service.oauth_tokens.get("gitlab")
        note(stored, service.container.registration().client("gitlab"), None, kind, "because")

    connection = look(service)

    assert (connection.status, connection.version) == (status, version)
    assert connection.last_error == ("because" if kind else None)


def test_where_no_address_is_set_a_token_is_used_at_its_own(service, refresh, token):
    """The file of an old version says where a self-hosted GitLab is; the operator need not say it once more."""
    asked = []
    service.forge.refresh = lambda client, _token: asked.append(client.base_url) or service.forge.issue()
    service.oauth_tokens.upsert(replace(token, base_url="https://gitlab.example.org/git/"))

    refresh("gitlab", rejected=token.access_token)

    assert asked == ["https://gitlab.example.org/git"]
    assert look(service).status is Status.CONNECTED


def test_a_token_that_ended_and_nothing_refreshes_needs_the_operator(service, token):
    service.oauth_tokens.upsert(replace(token, refresh_token=None, expires_at=service.clock.now()))

    assert look(service).status is Status.NEEDS_REAUTH


def test_a_lost_compare_is_no_fault_of_the_connection(service, refresh, token):
    service.fail("oauth_tokens.upsert", VersionConflict("gitlab", expected=1, actual=2))

    assert refresh("gitlab", rejected=token.access_token).version == token.version
    assert look(service).last_error is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:0", "http://127.0.0.1:port", "ftp://hooks.example.org", "hooks"])
def test_nobody_is_sent_to_a_forge_who_could_not_be_sent_back(service, address):
    settings = replace(service.container.settings(), public_url=address)
    service.container.settings.override(settings)

    with pytest.raises(Misconfigured, match="sent back"):
        service.container.begin_authorization()("gitlab", starter=SecretValue("browser"))


def test_the_form_of_what_was_begun_does_not_show_the_state(service):
    begun = service.container.begin_authorization()("gitlab", starter=SecretValue("browser"))

    assert begun.state.reveal() in begun.url
    assert begun.state.reveal() not in f"{begun} {begun!r}"


def test_once_the_process_ends_a_good_token_is_given_and_no_refresh_begins(service, refresh, token):
    refresh.settle(1)
    refresh.settle(1)

    assert refresh("gitlab").access_token == token.access_token
    service.clock.set(token.expires_at)
    with pytest.raises(Busy, match="ending"):
        refresh("gitlab")
    assert service.forge.refreshes == 0
