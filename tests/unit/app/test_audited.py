"""In whose name something is done, how it is written down, and how long that is kept."""

import asyncio
import threading
from contextlib import suppress
from dataclasses import replace

import pytest
from starlette.concurrency import run_in_threadpool

from adapters.memory import ManualClock, MemoryAuditLog, MemoryCipher
from app import boot
from app.audit import LIBRARY, acting_as, announced, current_actor
from app.http.denials import AT_ONCE, Denials
from domain.audit import Action
from domain.errors import Busy, DatabaseUnusable, Integrity, NotAllowed
from domain.instants import DAY_MS, SECOND_MS
from domain.values import SecretValue
from tests.support.memory_service import MemoryService


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def log(clock):
    return MemoryAuditLog(MemoryCipher(), clock)


@pytest.fixture
def service():
    return MemoryService()


def said(log):
    return [(event.action, event.subject, event.outcome) for event in log.list()]


def test_nobody_else_is_the_library():
    assert current_actor() == LIBRARY


def test_an_actor_acts_until_the_end_of_the_block_whatever_ends_it():
    with acting_as("boot"):
        with suppress(ZeroDivisionError), acting_as("cli:root"):
            assert current_actor() == "cli:root"
            raise ZeroDivisionError
        assert current_actor() == "boot"

    assert current_actor() == LIBRARY


def test_a_thread_of_the_pool_knows_the_actor_and_a_new_thread_does_not():
    seen = []

    async def handler():
        with acting_as("token:1 ci"):
            seen.append(await run_in_threadpool(current_actor))
            other = threading.Thread(target=lambda: seen.append(current_actor()))
            other.start()
            other.join()

    asyncio.run(handler())

    assert seen == ["token:1 ci", LIBRARY]


def test_requests_at_the_same_time_are_told_apart():
    async def handler(actor):
        with acting_as(actor):
            await asyncio.sleep(0)
            return await run_in_threadpool(current_actor)

    async def both():
        return await asyncio.gather(handler("token:1 a"), handler("token:2 b"))

    assert asyncio.run(both()) == ["token:1 a", "token:2 b"]


def test_what_is_announced_is_in_the_log_before_it_is_done(log):
    with announced(log, Action.BACKUP_CREATE, "database"):
        assert said(log) == [("backup.create", "database", "ok")]

    assert len(log.list()) == 1


@pytest.mark.parametrize(("error", "outcome"), [(Busy("x"), "busy"), (OSError("SENTINEL"), "failure")])
def test_what_is_announced_and_fails_is_a_second_event(log, error, outcome):
    with pytest.raises(type(error)), announced(log, Action.BACKUP_CREATE, "database"):
        raise error

    assert [event[2] for event in said(log)] == [outcome, "ok"]
    assert "SENTINEL" not in repr(log.list())


def test_what_cannot_be_announced_is_not_done(service):
    service.fail("audit.record", DatabaseUnusable("no"))

    with pytest.raises(DatabaseUnusable):
        service.container.backups().create()

    assert "backups.create" not in service.calls


def test_a_value_is_recorded_before_it_is_handed_out(service):
    service.container.secrets().set("a", "1")
    service.fail("audit.record", DatabaseUnusable("no"))

    with pytest.raises(DatabaseUnusable):
        service.container.secrets().get("a")
    with pytest.raises(DatabaseUnusable):
        service.container.read_secret()("a")


@pytest.fixture
def two_old_versions(service):
    for name in ("a", "b"):
        service.secrets.set(name, "1")
        service.secrets.set(name, "2")
    return [("a", 1), ("b", 1)]


def test_each_of_many_versions_that_are_destroyed_is_an_event_before_it_is(service, two_old_versions):
    service.before["secret_history.destroy_many"] = lambda: seen.extend(said(service.audit))
    seen = []

    assert service.container.secret_history().destroy_many([*two_old_versions, ("a", 9), ("never", 1)]) == 2

    assert seen == said(service.audit) == [("secret.destroy", "b", "ok"), ("secret.destroy", "a", "ok")]
    assert [event.detail for event in service.audit.list()] == ["version 1"] * 2


def test_many_versions_that_could_not_be_destroyed_are_events_as_well(service, two_old_versions):
    service.fail("secret_history.destroy_many", Busy("read"))

    with pytest.raises(Busy):
        service.container.secret_history().destroy_many(two_old_versions)

    assert sorted(said(service.audit)) == [
        ("secret.destroy", name, outcome) for name in ("a", "b") for outcome in ("busy", "ok")
    ]


def test_many_versions_that_cannot_be_announced_are_not_destroyed(service, two_old_versions):
    service.fail("audit.record", DatabaseUnusable("no"), from_call=2)

    with pytest.raises(DatabaseUnusable):
        service.container.secret_history().destroy_many(two_old_versions)

    assert "secret_history.destroy_many" not in service.calls
    assert said(service.audit) == []


def test_every_token_of_a_list_of_oauth_tokens_is_an_event(service):
    from domain.oauth import OAuthToken

    tokens = service.container.oauth_tokens()
    for forge in ("gitlab", "github"):
        tokens.upsert(OAuthToken(forge_type=forge, access_token=SecretValue("x")))
    tokens.get("gitlab")
    tokens.list()

    assert [event[:2] for event in said(service.audit)] == [
        ("oauth.read", "gitlab"),
        ("oauth.read", "github"),
        ("oauth.read", "gitlab"),
        ("oauth.write", "github"),
        ("oauth.write", "gitlab"),
    ]


def test_how_a_connection_stands_is_no_event(service):
    assert service.container.look_at_connection()("gitlab").status == "not_connected"
    assert service.audit.list() == []


def test_a_start_forgets_events_that_are_older_than_the_setting_and_says_so(service):
    for _ in range(2):
        service.audit.record("boot", Action.SECRET_READ, "a")
        service.clock.advance(200 * DAY_MS)

    boot.migrate(service.container)
    writes = len(service.writes)
    boot.migrate(service.container)

    assert [(event.sequence, event.action) for event in service.audit.list()] == [
        (3, "audit.prune"),
        (2, "secret.read"),
    ]
    assert service.audit.list()[0].detail.startswith("events forgotten: 1, all before ")
    assert service.audit.verify() == []
    assert "audit.prune" not in service.writes[writes:]


def test_a_log_that_does_not_verify_keeps_its_events_and_the_service_starts(service):
    service.audit.record("boot", Action.SECRET_READ, "a")
    service.clock.advance(400 * DAY_MS)
    service.audit._events[0] = replace(service.audit._events[0], actor="cli:nobody")

    boot.migrate(service.container)

    assert len(service.audit.list()) == 1
    assert any("does not verify" in note for note in service.progress.notes)
    with pytest.raises(Integrity, match="event 1"):
        service.container.prune_audit()(0)


def flood(denials, *callers):
    async def knock():
        for caller in callers:
            await denials.note(caller, "GET /secrets", NotAllowed("no"))

    asyncio.run(knock())


def test_very_many_callers_at_once_share_a_name_until_others_are_calm(log, clock):
    denials = Denials(log, clock)

    flood(denials, *(f"token:{number}" for number in range(1_005)))

    assert [event.actor for event in log.list(limit=6)] == [*["unknown:many"] * 5, "token:999"]

    clock.advance(AT_ONCE * SECOND_MS)
    flood(denials, "token:late")
    assert log.list()[0].actor == "token:late"


def test_a_denial_that_could_not_be_written_is_tried_again_at_once(clock):
    service = MemoryService()
    denials = Denials(service.container.audit(), clock)
    service.fail("audit.record", Busy("locked"))
    with pytest.raises(Busy):
        flood(denials, "unknown:1")
    service.before.clear()

    flood(denials, "unknown:1")

    assert len(service.audit.list()) == 1
