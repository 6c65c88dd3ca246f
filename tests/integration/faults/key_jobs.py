"""The homes and invariants of the jobs on keys: rotating the data key, changing the master key."""

from contextlib import suppress
from pathlib import Path

from app import open_state
from domain.errors import Conflict
from domain.keys import KeyPurpose, KeyState
from tests.integration.faults.homes import EVERYTHING, Home
from tests.integration.faults.invariants import aside, holds

NEW_KEY = b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
NEW_KEY_FILE = "new.key"
_OLD_VALUE = "an older value"


def keyed(root: Path) -> Home:
    """A service that has moved everything and has a history besides; a new master key lies ready."""
    home = Home(root, EVERYTHING)
    home.lay_out()
    home.boot()
    container = home.open()
    try:
        for value in (_OLD_VALUE, "a value"):
            container.unaudited_secrets().set("name:versions", value)
        container.unaudited_secrets().delete("name:versions")
    finally:
        container.database().close()
    (root / NEW_KEY_FILE).write_bytes(NEW_KEY)
    return home


def every_value_is_there(home: Home) -> None:
    """The database opens, and holds what it held, under whichever key."""
    with aside(home) as copy, open_state(**copy.settings) as state:
        _holds_all(state, copy)


def no_value_is_without_its_key(home: Home) -> None:
    """One key is active, and no value names one that is retired."""
    with aside(home) as copy, open_state(**copy.settings) as state:
        states = _states(state)
        assert list(states.values()).count(KeyState.ACTIVE) == 1
        counts = state.container.sealed_rows().count_by_key()
        assert not [key for key in counts if states[key] is KeyState.RETIRED]


def the_next_run_completes_the_rotation(home: Home) -> None:
    """Nothing names an old key, every old key is retired, and what follows a finished rotation is a new one."""
    with open_state(**home.settings) as state:
        before = _states(state)
        done = state.container.rotate_data_keys()()
        after = _states(state)
        begun = KeyState.DECRYPT_ONLY in before.values()

        assert done.resumed == begun
        assert after.keys() - before.keys() == (set() if begun else {done.new_key})
        assert set(after.values()) == {KeyState.ACTIVE, KeyState.RETIRED}
        assert state.container.sealed_rows().count_by_key().keys() == {done.new_key}
        assert (done.damage, state.container.sealed_rows().verify()) == ((), [])
        assert state.container.audit().verify() == []
        _holds_all(state, home)


def the_next_start_has_one_master_key(home: Home) -> None:
    """A start settles the change, forwards or back; then it can be made, or was."""
    key_file = home.root / "config/master.key"
    with open_state(**home.settings) as state:
        fingerprint = state.container.master_key().fingerprint
        assert {key.master_fingerprint for key in state.container.data_keys().list()} == {fingerprint}
        assert not key_file.with_name("master.key.next").exists()
        _holds_all(state, home)
        with suppress(Conflict):  # it had been made
            state.container.change_master_key()(str(home.root / NEW_KEY_FILE))
    assert key_file.read_bytes() == NEW_KEY
    with open_state(**home.settings) as state:
        _holds_all(state, home)
        assert state.container.sealed_rows().verify() == []
        assert state.container.audit().verify() == []


def _holds_all(state, home: Home) -> None:
    for file in home.files:
        assert holds(state, home, file), file
    assert state.container.unaudited_secrets().get("name:versions") is None
    older = state.container.unaudited_secret_history().get_version("name:versions", 1)
    assert older.value.reveal() == _OLD_VALUE


def _states(state) -> dict[str, KeyState]:
    return {key.id: key.state for key in state.container.data_keys().list() if key.purpose is KeyPurpose.SEAL}
