"""What a real service does for its clients, beyond what the contracts of the stores ask."""

import asyncio
from contextlib import asynccontextmanager, closing
from sqlite3 import connect

import pytest

from adapters.memory.clock import NOON_2026_11_24 as NOON
from app.client import AsyncStrongroomClient, StrongroomClient
from domain.errors import ForgeFailed, Integrity, Invalid, NotConnected, RateLimited, VersionConflict
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.contracts.session_samples import key_at, session
from tests.integration.client.service import CLIENT_ID, a_service

ENDINGS = ["forge:acme/value", "forge:acme/versions", "forge:acme/rollback", "forge:/value", "forge:..", "x:../../keys"]


@pytest.fixture
def client(service):
    with StrongroomClient(**service.over_tcp) as client:
        yield client


@pytest.mark.parametrize("name", ENDINGS)
def test_a_name_that_looks_like_a_path_is_a_name_like_any_other(service, client, name):
    version = client.secrets.set(name, "tok-1", expected_version=0)

    assert client.secrets.get(name).value.reveal() == "tok-1"
    assert client.secrets.info(name).version == version
    assert [info.name for info in client.secrets.list()] == [name]
    assert service.container.unaudited_secrets().get(name).value.reveal() == "tok-1"
    assert client.secrets.delete(name, expected_version=version) is True
    assert client.secrets.get(name) is None


def test_a_grant_for_one_secret_opens_no_other(service, client):
    client.secrets.set("forge:acme/value", "tok-1")
    token = service.new_token("read:/secrets/forge:acme/value/value")

    with StrongroomClient(service.server.url, token=token) as poor:
        assert poor.secrets.get("forge:acme/value").value.reveal() == "tok-1"
        assert poor.sessions.get("no key at all") is None


def test_more_sessions_than_a_page_holds_are_all_listed(service, client):
    many = [session(key_at(number)) for number in range(2_001)]
    service.container.sessions().put_many(many)
    service.server.seen.clear()

    assert client.sessions.list() == many
    assert len(service.server.seen) == 3
    assert client.sessions.list(limit=1_500) == many[:1_500]


def test_a_merge_over_the_limit_writes_nothing(client):
    with pytest.raises(Invalid, match="at once"):
        client.sessions.put_many(session(key_at(number), "i" * 1_000) for number in range(1_100))

    assert client.sessions.count() == 0


def test_a_damaged_value_is_told_by_its_cause_and_its_neighbour_is_well(service, client):
    client.secrets.set("webhook", "tok-1")
    client.secrets.set("neighbour", "tok-2")
    with closing(connect(service.container.database().path, isolation_level=None)) as database:
        sealed = database.execute("SELECT sealed FROM secret_version ORDER BY rowid LIMIT 1").fetchone()[0]
        cracked = sealed[:-1] + bytes([sealed[-1] ^ 1])
        database.execute("UPDATE secret_version SET sealed = ? WHERE sealed = ?", (cracked, sealed))

    with pytest.raises(Integrity) as told:
        service.container.unaudited_secrets().get("webhook")
    with pytest.raises(Integrity) as caught:
        client.secrets.get("webhook")

    assert type(caught.value) is type(told.value)
    assert caught.value.message == told.value.message
    assert client.secrets.get("neighbour").value.reveal() == "tok-2"


def test_an_access_token_is_given_out_and_refusals_come_as_they_are(service, client):
    tokens = service.container.unaudited_oauth_tokens()
    with pytest.raises(NotConnected):
        client.access_token("gitlab")
    tokens.upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue("tok-1"), client_id=CLIENT_ID))

    assert client.access_token("gitlab").reveal() == "tok-1"
    assert client.access_token("gitlab", rejected="another").reveal() == "tok-1"
    with pytest.raises(ForgeFailed) as refused:
        client.access_token("gitlab", rejected="tok-1")
    assert refused.value.advice


def test_who_asks_too_often_is_told_how_long_to_wait(server, tmp_path):
    with a_service(server, tmp_path, rate_limit=1) as service, StrongroomClient(**service.over_tcp) as client:
        client.sessions.count()

        with pytest.raises(RateLimited) as caught:
            client.sessions.count()

    assert caught.value.retry_after_ms >= 1_000


@asynccontextmanager
async def awaited(service):
    async with AsyncStrongroomClient(**service.over_socket) as client:
        yield client


def test_every_method_can_be_awaited_side_by_side(service):
    service.container.unaudited_oauth_tokens().upsert(
        OAuthToken(forge_type="gitlab", access_token=SecretValue("tok-1"), client_id=CLIENT_ID)
    )

    async def use():
        async with awaited(service) as client:
            await asyncio.gather(*(client.sessions.set(key_at(n), "first", used_at=NOON + n) for n in range(20)))
            versions = await asyncio.gather(*(client.secrets.set(f"name:{n}", "tok") for n in range(5)))
            with pytest.raises(VersionConflict):
                await client.secrets.set("name:1", "tok", expected_version=0)
            return (
                await client.sessions.count(),
                await client.sessions.count_stale(NOON + 3),
                await client.sessions.prune_stale(NOON + 3),
                len(await client.sessions.list()),
                (await client.sessions.get(key_at(7))).session_id,
                await client.sessions.delete(key_at(7)),
                await client.sessions.put_many([session(key_at(1))]),
                versions,
                (await client.secrets.get("name:1")).value.reveal(),
                (await client.secrets.info("name:1")).version,
                len(await client.secrets.list()),
                await client.secrets.delete("name:1", expected_version=1),
                (await client.access_token("gitlab", rejected="another")).reveal(),
            )

    assert asyncio.run(use()) == (20, 3, 3, 17, "first", True, 1, [1] * 5, "tok", 1, 5, True, "tok-1")
