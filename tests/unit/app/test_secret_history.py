"""Reading secrets and versions with the reason why there is none, and rolling back."""

import pytest

from adapters.memory import MemorySecretHistory
from domain.audit import Action
from domain.errors import Conflict, NotFound, VersionConflict
from domain.instants import DAY_MS
from tests.support.memory_service import MemoryService

NAME = "agent_token:reviewer"


@pytest.fixture
def service():
    service = MemoryService()
    service.history = MemorySecretHistory(service.secrets)
    for number in (1, 2, 3):
        service.secrets.set(NAME, f"tok-{number}")
    return service


@pytest.fixture
def read(service):
    return service.container.read_secret()


@pytest.fixture
def roll_back(service):
    return service.container.rollback_secret()


def events(service):
    return [(event.action, event.subject, event.detail) for event in service.audit.list()]


def test_the_current_version_and_an_older_one_are_read(read):
    assert read(NAME).value.reveal() == "tok-3"
    assert read(NAME, 1).value.reveal() == "tok-1"


@pytest.mark.parametrize("version", [None, 1])
def test_a_name_that_never_was_is_not_found(read, version):
    with pytest.raises(NotFound):
        read("webhook", version)


def test_for_a_name_that_is_not_there_nothing_is_listed(service, read):
    with pytest.raises(NotFound):
        read("webhook")

    assert "secrets.list" not in service.calls


def test_what_is_not_there_is_told_apart(service, read):
    said = {}
    service.secrets.set("mayfly", "x", expires_at=service.clock.now() + DAY_MS)
    service.secrets.set("deleted", "x")
    service.secrets.delete("deleted")
    service.history.destroy(NAME, 1)
    service.clock.advance(DAY_MS)

    wanted = [("mayfly", None), ("mayfly", 1), ("deleted", None), ("never", None), (NAME, 1), (NAME, 9)]
    for name, version in wanted:
        with pytest.raises(NotFound) as caught:
            read(name, version)
        said[name, version] = caught.value.message

    assert "expired" in said["mayfly", None]
    assert said["mayfly", None] == said["mayfly", 1]
    assert "was deleted" in said["deleted", None]
    assert "destroyed" in said[NAME, 1]
    assert "no such version" in said[NAME, 9]
    assert len(set(said.values())) == 5


def test_an_older_value_becomes_a_new_version(service, roll_back):
    assert roll_back(NAME, 1) == 4

    assert service.secrets.get(NAME).value.reveal() == "tok-1"
    assert [v.version for v in service.history.versions(NAME)] == [4, 3, 2, 1]


def test_a_rollback_is_one_event_that_says_from_where(service, roll_back):
    roll_back(NAME, 1)

    assert events(service) == [(Action.SECRET_ROLLBACK, NAME, "version 4 from version 1")]


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("version", [1, 4])
def test_the_new_version_has_the_expiry_of_the_secret(service, roll_back, deleted, version):
    expires_at = service.clock.now() + DAY_MS
    service.secrets.set(NAME, "tok-4", expires_at=expires_at)
    if deleted:
        service.secrets.delete(NAME)
    elif version == 4:
        service.secrets.set(NAME, "tok-5", expires_at=expires_at)

    new = roll_back(NAME, version)

    assert service.secrets.info(NAME).expires_at == expires_at
    assert service.secrets.get(NAME).value.reveal() == f"tok-{version}"
    service.clock.advance(DAY_MS)
    assert service.secrets.get(NAME) is None
    assert service.history.get_version(NAME, new) is None


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("version", [1, 4])
def test_an_expired_secret_is_not_rolled_back_and_told_why(service, roll_back, deleted, version):
    service.secrets.set(NAME, "tok-4", expires_at=service.clock.now() + DAY_MS)
    service.clock.advance(DAY_MS)
    if deleted:
        service.secrets.delete(NAME)

    with pytest.raises(Conflict, match="that secret expired 2026") as caught:
        roll_back(NAME, version)

    assert "set it again" in caught.value.advice
    assert service.history.versions(NAME)[0].version == 4
    assert events(service) == []


def test_an_expired_secret_that_was_deleted_is_not_read_by_its_version(service, read):
    service.secrets.set(NAME, "tok-4", expires_at=service.clock.now() + DAY_MS)
    service.secrets.delete(NAME)
    service.clock.advance(DAY_MS)

    with pytest.raises(NotFound, match="expired"):
        read(NAME, 4)


def test_somebody_who_writes_in_between_is_not_overwritten(service, roll_back):
    service.before["secret_history.get_version"] = lambda: service.secrets.set(NAME, "tok-newer")

    with pytest.raises(VersionConflict):
        roll_back(NAME, 1)

    assert service.secrets.get(NAME).value.reveal() == "tok-newer"
    assert events(service) == []


def test_the_version_that_the_caller_saw_is_compared(service, roll_back):
    with pytest.raises(VersionConflict) as caught:
        roll_back(NAME, 1, expected_version=2)

    assert (caught.value.expected, caught.value.actual) == (2, 3)
    assert roll_back(NAME, 1, expected_version=3) == 4


def test_to_roll_back_to_what_is_there_is_a_conflict(service, roll_back):
    with pytest.raises(Conflict):
        roll_back(NAME, 3)

    assert service.secrets.get(NAME).version == 3


def test_a_caller_that_is_behind_loses_even_for_the_current_version(roll_back):
    with pytest.raises(VersionConflict):
        roll_back(NAME, 3, expected_version=2)


@pytest.mark.parametrize("version", [2, 99])
def test_a_version_that_is_gone_cannot_be_rolled_back_to(service, roll_back, version):
    service.history.destroy(NAME, 2)

    with pytest.raises(NotFound):
        roll_back(NAME, version)

    assert service.secrets.get(NAME).version == 3


def test_a_deleted_secret_is_there_again_after_a_rollback(service, roll_back):
    service.secrets.delete(NAME)

    assert roll_back(NAME, 3) == 4

    assert service.secrets.get(NAME).value.reveal() == "tok-3"
