"""The master key changes in steps of which each can be the last, and the kit proves what it opens."""

from dataclasses import replace

import pytest

from adapters.crypto import AesGcmCipher, create_data_keys
from adapters.memory import MemoryKeySource
from app.usecases.key_kit import PROVED_AT
from domain.audit import Action
from domain.errors import Busy, Conflict, DatabaseUnusable, Integrity, Invalid, KeyRefused
from domain.keys import KeyMaterial, MasterKey, encode_master_key, fingerprint
from domain.values import SecretValue
from tests.support.memory_service import MemoryService


def a_master(number):
    raw = bytes([number]) * 32
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=f"file key{number}")


OLD, NEW, OTHER = a_master(1), a_master(2), a_master(3)


class Keyed:
    """A service whose data keys are wrapped by OLD, with two key files that are none of its own."""

    def __init__(self):
        self.service = MemoryService()
        self.source = MemoryKeySource(OLD, files={"new": NEW, "same": replace(OLD, source="file same")})
        self.service._override(key_source=self.source)
        self.keys = self.service.data_keys
        self.keys.add(create_data_keys(OLD, 1))
        self.settings = self.service.container.unaudited_setting_store()

    def change(self, file="new"):
        return self.service.container.change_master_key()(file)

    @property
    def sealed_under(self):
        return {key.master_fingerprint for key in self.keys.list()}

    @property
    def events(self):
        return [(e.action, e.subject, e.detail) for e in self.service.audit.list()]


@pytest.fixture
def keyed():
    return Keyed()


def test_the_data_keys_open_under_the_new_key_and_do_what_they_did(keyed):
    before = AesGcmCipher(OLD, keyed.keys).digest("kind", b"value")

    change = keyed.change()

    assert (change.old, change.new, change.data_keys) == (OLD.fingerprint, NEW.fingerprint, 2)
    assert AesGcmCipher(NEW, keyed.keys).digest("kind", b"value") == before
    with pytest.raises(KeyRefused):
        AesGcmCipher(OLD, keyed.keys)


def test_the_key_file_holds_the_new_key_and_nothing_is_left_beside_it(keyed):
    change = keyed.change()

    assert change.file_replaced
    assert (keyed.source.load().fingerprint, keyed.source.staged()) == (NEW.fingerprint, None)


def test_the_new_key_is_staged_before_the_data_keys_change_and_put_in_place_after(keyed):
    keyed.change()

    calls = [call for call in keyed.service.calls if call.startswith(("key_source", "data_keys", "lock"))]
    assert calls == [
        "key_source.read",
        "lock.hold",
        "key_source.load",
        "data_keys.list",
        "key_source.stage",
        "data_keys.rewrap",
        "key_source.promote",
        "data_keys.erase_former_wrapping",
        "key_source.elsewhere",
    ]


def test_it_is_one_event(keyed):
    keyed.change()

    assert keyed.events == [(Action.KEY_CHANGE_MASTER, NEW.fingerprint, f"instead of {OLD.fingerprint}")]


def test_the_key_in_use_is_refused_and_nothing_changes(keyed):
    before = keyed.keys.list()

    with pytest.raises(Conflict, match=OLD.fingerprint):
        keyed.change("same")
    assert keyed.keys.list() == before


def test_a_file_without_a_key_is_refused_before_anything_else(keyed):
    with pytest.raises(KeyRefused):
        keyed.change("nothing")

    assert "lock.hold" not in keyed.service.calls


@pytest.mark.parametrize("call", ["data_keys.rewrap", "audit.record"])
def test_if_the_data_keys_cannot_be_stored_the_staged_key_is_removed(keyed, call):
    keyed.service.fail(call, DatabaseUnusable("the disk is full"))

    with pytest.raises(DatabaseUnusable):
        keyed.change()
    assert (keyed.source.load(), keyed.source.staged()) == (OLD, None)


def test_a_key_that_is_made_meanwhile_is_noticed(keyed):
    def make_another():
        keyed.service.before.clear()
        keyed.keys.activate(replace(create_data_keys(OLD, 2)[0]))

    keyed.service.before["data_keys.rewrap"] = make_another

    with pytest.raises(Conflict):
        keyed.change()
    assert keyed.sealed_under == {OLD.fingerprint}


def test_a_damaged_data_key_is_told_and_nothing_changes(keyed):
    damaged = keyed.keys.list()[0]
    keyed.keys._keys[damaged.id] = replace(damaged, canary=b"x")

    with pytest.raises(Integrity, match=damaged.id):
        keyed.change()
    assert (keyed.sealed_under, keyed.source.staged()) == ({OLD.fingerprint}, None)


def test_a_key_that_is_gone_is_told(keyed):
    keyed.source._key = None

    with pytest.raises(KeyRefused, match="gone"):
        keyed.change()


def test_it_waits_for_a_start_with_a_note(keyed, monkeypatch):
    monkeypatch.setattr("app.usecases.change_master_key.LOCK_PATIENCE_MS", 5)

    with keyed.service.lock.hold(patience_ms=0), pytest.raises(Busy):
        keyed.change()
    assert "waiting" in keyed.service.progress.notes[0]


def kit_of(keyed):
    return keyed.service.container.make_key_kit()()


def prove(keyed, text):
    return keyed.service.container.prove_key_kit()(SecretValue(text))


def test_a_kit_holds_the_key_in_groups_of_four_and_is_an_event(keyed):
    kit = kit_of(keyed)

    groups = kit.key.reveal().split(" ")
    assert {len(group) for group in groups} == {4}
    assert "".join(groups) == encode_master_key(OLD).decode().strip()
    assert (kit.fingerprint, kit.proved_at) == (OLD.fingerprint, None)
    assert keyed.events == [(Action.KEY_KIT, OLD.fingerprint, "made")]
    assert "AQEB" not in repr(kit)


def test_no_kit_is_handed_out_that_was_not_written_down(keyed):
    keyed.service.fail("audit.record", DatabaseUnusable("the disk is full"))

    with pytest.raises(DatabaseUnusable):
        kit_of(keyed)


FORMS = {
    "as printed": lambda key: key,
    "without spaces": lambda key: key.replace(" ", ""),
    "on several lines": lambda key: key.replace(" ", "\n"),
    "the whole kit": lambda key: f"Strongroom key kit: keep it\n\n  key          {key}\n  fingerprint  abc\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_kit_proves_itself_however_it_is_typed_and_the_instant_is_kept(keyed, form):
    proof = prove(keyed, FORMS[form](kit_of(keyed).key.reveal()))

    assert (proof.fingerprint, proof.data_keys, proof.proved_at) == (OLD.fingerprint, 2, keyed.service.clock.now())
    assert kit_of(keyed).proved_at == proof.proved_at
    assert keyed.events[1] == (Action.KEY_KIT, OLD.fingerprint, "proved")


@pytest.mark.parametrize("text", [encode_master_key(OTHER).decode(), "AAAA", "", "ключ"], ids=ascii)
def test_a_kit_that_does_not_open_the_database_proves_nothing(keyed, text):
    with pytest.raises((KeyRefused, Invalid)):
        prove(keyed, text)

    assert keyed.settings.all() == {}
    assert keyed.events == []


def test_a_damaged_data_key_fails_the_proof(keyed):
    damaged = keyed.keys.list()[0]
    keyed.keys._keys[damaged.id] = replace(damaged, canary=b"x")

    with pytest.raises(Integrity, match=damaged.id):
        prove(keyed, encode_master_key(OLD).decode())


def test_the_kit_of_a_new_master_key_was_never_proved(keyed):
    prove(keyed, encode_master_key(OLD).decode())
    keyed.change()

    assert kit_of(keyed).proved_at is None
    assert PROVED_AT not in keyed.settings.all()
