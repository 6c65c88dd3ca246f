"""Storing a secret, with and without asking its forge first; an agent's new token is stored the same way."""

import pytest
from dependency_injector import providers

from domain.errors import Invalid, Unreachable, VersionConflict
from domain.instants import DAY_MS
from domain.ports import CredentialCheck
from domain.ports.credential_check import CredentialRefused
from domain.values import SecretValue
from tests.support.memory_service import MemoryService

NAME = "agent_token:reviewer"
NEW = SecretValue("tok-new")


class Forge(CredentialCheck):
    """Knows owners by token; `down` is what it raises instead of answering."""

    def __init__(self, owners=(), down=None):
        self.owners = dict(owners)
        self.down = down
        self.asked = []

    def owner_of(self, token):
        self.asked.append(token.reveal())
        if self.down:
            raise self.down
        if token.reveal() not in self.owners:
            raise CredentialRefused("the forge refuses this token")
        return self.owners[token.reveal()]


@pytest.fixture
def service():
    return MemoryService()


@pytest.fixture
def forgejo(service):
    forge = Forge({"tok-new": "review-bot"})
    service.container.forgejo_check.override(providers.Object(forge))
    return forge


@pytest.fixture
def penpot(service):
    forge = Forge({"tok-new": "design@example.org"})
    service.container.penpot_check.override(providers.Object(forge))
    return forge


@pytest.fixture
def store(service, forgejo, penpot):
    return service.container.store_secret()


def test_a_new_name_is_told_from_a_known_one(store):
    first, second = store(NAME, NEW), store(NAME, NEW)

    assert (first.version, first.is_new, first.owner) == (1, True, None)
    assert (second.version, second.is_new) == (2, False)


@pytest.mark.parametrize(("expected", "is_new"), [(0, True), (1, False)])
def test_with_a_condition_too(service, store, expected, is_new):
    if expected:
        service.secrets.set(NAME, "tok-old")

    assert store(NAME, NEW, expected_version=expected).is_new is is_new


def test_a_lost_compare_writes_nothing(service, store):
    service.secrets.set(NAME, "tok-old")

    with pytest.raises(VersionConflict):
        store(NAME, NEW, expected_version=7)

    assert service.secrets.get(NAME).value.reveal() == "tok-old"


def test_nobody_is_asked_unless_that_is_wished(store, forgejo, penpot):
    store(NAME, NEW)

    assert forgejo.asked == penpot.asked == []


@pytest.mark.parametrize(("name", "owner"), [(NAME, "review-bot"), ("penpot_api_token", "design@example.org")])
def test_a_token_that_its_forge_knows_is_stored_and_its_owner_named(service, store, name, owner):
    stored = store(name, NEW, verify=True)

    assert stored.owner == owner
    assert service.secrets.get(name).value.reveal() == "tok-new"


@pytest.mark.parametrize("fault", [None, Unreachable("the forge does not answer")])
def test_a_token_that_is_refused_or_cannot_be_asked_about_is_not_stored(service, store, forgejo, fault):
    service.secrets.set(NAME, "tok-old")
    forgejo.down = fault

    with pytest.raises(Unreachable if fault else CredentialRefused):
        store(NAME, SecretValue("tok-revoked"), verify=True)

    assert service.secrets.get(NAME).value.reveal() == "tok-old"
    assert service.writes == []


@pytest.mark.parametrize(("name", "value"), [("Not A Name", "tok-new"), (NAME, "two words")])
def test_what_cannot_be_stored_is_not_sent_to_a_forge(store, forgejo, penpot, name, value):
    with pytest.raises(Invalid):
        store(name, SecretValue(value), verify=True)

    assert forgejo.asked == penpot.asked == []


def test_a_secret_that_no_forge_knows_cannot_be_verified(service, store):
    with pytest.raises(Invalid):
        store("webhook", NEW, verify=True)

    assert service.secrets.list() == []


def test_a_lost_compare_is_not_tried_again_after_the_forge_was_asked(service, store, forgejo):
    service.secrets.set(NAME, "tok-old")

    with pytest.raises(VersionConflict):
        store(NAME, NEW, expected_version=7, verify=True)

    assert forgejo.asked == ["tok-new"]


def test_an_expiry_is_kept(service, store):
    store(NAME, NEW, expires_at=service.clock.now() + DAY_MS)
    service.clock.advance(DAY_MS)

    assert service.secrets.get(NAME) is None


@pytest.mark.parametrize("life", [0, -1])
def test_an_expiry_that_has_passed_is_invalid(service, store, life):
    with pytest.raises(Invalid):
        store(NAME, NEW, expires_at=service.clock.now() + life)

    assert service.secrets.list() == []


def test_an_agents_new_token_is_asked_about_at_forgejo(service, store, forgejo, penpot):
    stored = service.container.rotate_agent_token()("reviewer", NEW, verify=True)

    assert (stored.version, stored.owner) == (1, "review-bot")
    assert (forgejo.asked, penpot.asked) == (["tok-new"], [])
    assert service.secrets.get(NAME).value.reveal() == "tok-new"
