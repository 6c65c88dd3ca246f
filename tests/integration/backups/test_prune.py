"""Pruning removes what is not kept any longer, nothing that is not ours, and nothing while the newest is in doubt."""

import os

import pytest

from domain.backups import Retention
from domain.errors import DatabaseUnusable, Integrity
from tests.integration.backups.restorable import Machine

ONE = Retention(last=1)


@pytest.fixture
def three(tmp_path):
    """A machine with three backups; the oldest first in `names`."""
    machine = Machine(tmp_path)
    with machine.opened() as state:
        machine.names = [state.container.backups().create().file for _ in range(3)]
    return machine


def prune(machine, retention=ONE, **asked):
    with machine.opened() as state:
        return state.container.prune_backups()(retention, **asked)


def there(machine):
    return sorted(path.name for path in machine.backups.iterdir())


def both(name):
    return [name, f"{name}.json"]


def test_what_is_not_kept_goes_with_its_manifest(three):
    plan = prune(three)

    assert [backup.file for backup in plan.removed] == three.names[:2]
    assert there(three) == both(three.names[2])


def test_a_dry_run_removes_nothing(three):
    before = three.fingerprints()

    assert len(prune(three, dry_run=True).removed) == 2
    assert {name: three.fingerprints()[name] for name in before if "backups" in name} == {
        name: value for name, value in before.items() if "backups" in name
    }


def test_what_is_not_ours_stays(three):
    foreign = {
        "agents.db.bak-20200101T000000Z": b"without a manifest",
        "agents.db.bak": b"by hand",
        "other.db.bak-20200101T000000Z": b"another's",
        "other.db.bak-20200101T000000Z.json": b"{}",
        "notes.txt": b"x",
    }
    for name, content in foreign.items():
        (three.backups / name).write_bytes(content)

    prune(three)

    assert {name: (three.backups / name).read_bytes() for name in foreign} == foreign


def test_a_link_of_the_name_of_a_backup_is_removed_and_not_what_it_names(three, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    oldest = three.backups / three.names[0]
    oldest.rename(elsewhere)
    oldest.symlink_to(elsewhere)

    prune(three)

    assert elsewhere.exists()
    assert not oldest.is_symlink()


@pytest.mark.parametrize("at", [100, 9_000, -1])
def test_nothing_goes_while_the_newest_does_not_verify(three, at):
    newest = three.backups / three.names[2]
    content = bytearray(newest.read_bytes())
    content[at] ^= 1
    newest.write_bytes(content)

    with pytest.raises(Integrity):
        prune(three)

    assert set(three.names) <= set(there(three))


def test_nothing_goes_while_the_newest_was_cut_off(three):
    os.truncate(three.backups / three.names[2], 4_096)

    with pytest.raises(Integrity):
        prune(three)

    assert set(three.names) <= set(there(three))


def test_each_that_goes_is_an_event(three):
    prune(three)

    with three.opened() as state:
        events = [event for event in state.container.audit().list() if event.action == "backup.remove"]
    assert sorted(event.subject for event in events) == three.names[:2]


def test_a_directory_that_cannot_be_written_is_told(three, monkeypatch):
    def refuse(_self, *, missing_ok=False):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)

    with pytest.raises(DatabaseUnusable, match="Permission denied"):
        prune(three)
