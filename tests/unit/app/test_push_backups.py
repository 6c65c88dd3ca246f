"""Bringing backups off this machine and back, on the memory adapters."""

import pytest

from adapters.memory import ManualClock, MemoryBackupStore, MemoryOffsiteStore
from app.usecases.backups.push import FetchBackup, PushBackups
from domain.errors import Conflict, Integrity, Invalid, NotFound, Unreachable
from domain.instants import DAY_MS
from domain.values import SecretValue

KEY = SecretValue("identity of the tests")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def backups(clock):
    return MemoryBackupStore(clock)


@pytest.fixture
def offsite():
    return MemoryOffsiteStore()


@pytest.fixture
def push(backups, offsite):
    return PushBackups(backups=backups, offsite=offsite)


@pytest.fixture
def made(backups, clock):
    """Three backups, a day apart, oldest first."""
    files = []
    for _ in range(3):
        files.append(backups.create().file)
        clock.advance(DAY_MS)
    return files


def listed(offsite):
    return [copy.file for copy in offsite.list()]


def test_every_backup_is_pushed_newest_first(push, made, offsite):
    assert push() == made[::-1]
    assert listed(offsite) == made


def test_what_is_there_is_not_pushed_again(push, made, offsite, backups, mocker):
    push()
    newer = backups.create().file
    pushing = mocker.spy(offsite, "push")

    assert push() == [newer]
    assert pushing.call_count == 1


def test_nothing_to_push_is_no_fault(push):
    assert push() == []


def test_a_backup_that_is_not_verified_stays(push, backups, offsite):
    backups.create(despite_damage=True)

    assert push() == []
    assert listed(offsite) == []


def test_one_that_fails_keeps_no_other_from_being_pushed_and_the_first_fault_is_raised(push, made, offsite, mocker):
    really = offsite.push
    faults = {made[2]: Unreachable("the first"), made[0]: Integrity("the second")}

    def failing(backup, content):
        if backup.file in faults:
            raise faults[backup.file]
        return really(backup, content)

    mocker.patch.object(offsite, "push", failing)

    with pytest.raises(Unreachable, match="the first"):
        push()
    assert listed(offsite) == [made[1]]


def test_a_backup_that_cannot_be_read_keeps_no_other_from_being_pushed(push, made, backups, offsite, mocker):
    really = backups.opened
    mocker.patch.object(backups, "opened", lambda file: really("gone" if file == made[2] else file))

    with pytest.raises(NotFound):
        push()
    assert listed(offsite) == made[:2]


def test_a_place_that_does_not_answer_is_asked_once(push, made, offsite, mocker):
    mocker.patch.object(offsite, "list", side_effect=Unreachable("no answer"))
    pushing = mocker.spy(offsite, "push")

    with pytest.raises(Unreachable):
        push()
    assert pushing.call_count == 0


@pytest.mark.parametrize("identities", [[], [KEY]])
def test_a_backup_comes_back_to_a_machine_that_has_none(made, backups, clock, identities):
    offsite = MemoryOffsiteStore(identity=KEY if identities else None)
    PushBackups(backups=backups, offsite=offsite)()
    elsewhere = MemoryBackupStore(clock)

    fetched = FetchBackup(backups=elsewhere, offsite=offsite)(made[1], identities)

    assert elsewhere.list() == [fetched] == [backups.list()[1]]
    with elsewhere.opened(made[1]) as ours, backups.opened(made[1]) as theirs:
        assert ours.read() == theirs.read()


def test_a_backup_that_is_here_is_not_replaced(push, made, backups, offsite):
    push()
    with pytest.raises(Conflict):
        FetchBackup(backups=backups, offsite=offsite)(made[0])


def test_what_is_not_there_cannot_be_fetched(backups, offsite):
    with pytest.raises(NotFound):
        FetchBackup(backups=backups, offsite=offsite)("agents.db.bak-20261124T120000Z")
    assert backups.list() == []


@pytest.mark.parametrize(("missing", "fault"), [(0, Invalid), (1, Integrity)], ids=["the identity", "the last byte"])
def test_where_something_is_missing_nothing_is_left_here(made, backups, clock, missing, fault):
    offsite = MemoryOffsiteStore(identity=KEY)
    PushBackups(backups=backups, offsite=offsite)()
    sealed = offsite.files[f"{made[0]}.age"]
    offsite.files[f"{made[0]}.age"] = sealed[: len(sealed) - missing]
    elsewhere = MemoryBackupStore(clock)

    with pytest.raises(fault):
        FetchBackup(backups=elsewhere, offsite=offsite)(made[0], [KEY] if missing else [])
    assert elsewhere.list() == []


def test_other_bytes_than_the_manifest_describes_are_not_taken_in(push, made, offsite, clock):
    push()
    offsite.files[made[0]] = b"something else"
    elsewhere = MemoryBackupStore(clock)

    with pytest.raises(Integrity):
        FetchBackup(backups=elsewhere, offsite=offsite)(made[0])
    assert elsewhere.list() == []
