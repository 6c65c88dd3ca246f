"""The master key is found in one of three places, made in one of them, and never shown."""

import base64
import os
import stat
import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError

from adapters.filesystem import KeyringEntry, MasterKeySource
from domain.errors import KeyRefused
from domain.keys import fingerprint, parse_master_key
from domain.values import SecretValue
from tests.support.races import in_threads

RAW = bytes(range(32))
TEXT = base64.b64encode(RAW)
OTHER_RAW = bytes(range(1, 33))
OTHER_TEXT = base64.b64encode(OTHER_RAW)
MALFORMED = {
    "empty": (b"", "is empty"),
    "white space": (b" \n", "is empty"),
    "half a key": (base64.b64encode(RAW[:16]), "holds 16 bytes, 32 are needed"),
    "two keys": (base64.b64encode(RAW + RAW), "holds 64 bytes, 32 are needed"),
    "hexadecimal": (RAW.hex().encode(), "holds 48 bytes, 32 are needed"),
    "raw bytes": (RAW, "is not base64"),
    "no padding": (TEXT[:-1], "is not base64"),
    "too much padding": (TEXT + b"=", "is not base64"),
    "two lines": (TEXT[:20] + b"\n" + TEXT[20:], "is not base64"),
    "the alphabet of URLs": (base64.urlsafe_b64encode(b"\xff" * 32), "is not base64"),
    "spare bits": (TEXT[:-2] + b"9=", "is not base64"),
    "another script": ("ключ".encode(), "is not base64"),
    "too large": (TEXT * 200, "is larger than 4096 bytes"),
}


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "config" / "master.key"


@pytest.fixture
def credential(tmp_path):
    return tmp_path / "strongroom-master-key"


@pytest.fixture
def source(key_file, credential):
    return MasterKeySource(key_file=key_file, env_key=None, credential=credential)


def lay(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def from_environment(key_file, text):
    return MasterKeySource(key_file=key_file, env_key=SecretValue(text), credential=None)


def test_a_key_in_no_place_is_none(source):
    assert source.load() is None


@pytest.mark.parametrize("content", [TEXT, TEXT + b"\n", b" \t\r\n" + TEXT + b"\r\n"])
def test_a_key_file_is_read_white_space_around_it_or_not(source, key_file, content):
    lay(key_file, content)

    key = source.load()

    assert (key.material.reveal(), key.fingerprint) == (RAW, fingerprint(RAW))
    assert key.source == f"file {key_file}"


def test_a_key_in_the_environment_is_read(key_file):
    key = from_environment(key_file, TEXT.decode()).load()

    assert (key.material.reveal(), key.source) == (RAW, "environment STRONGROOM_MASTER_KEY")


def test_a_systemd_credential_is_read(source, credential):
    lay(credential, TEXT)

    assert (source.load().material.reveal(), source.load().source) == (RAW, "systemd credential strongroom-master-key")


def test_a_key_file_may_be_a_link_and_readable_by_others(source, key_file, tmp_path):
    lay(tmp_path / "elsewhere", TEXT)
    (tmp_path / "elsewhere").chmod(0o644)
    key_file.parent.mkdir()
    key_file.symlink_to(tmp_path / "elsewhere")

    assert source.load().material.reveal() == RAW


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_key_is_refused_naming_the_place_and_not_the_content(source, key_file, fault):
    content, what = MALFORMED[fault]
    lay(key_file, content)

    with pytest.raises(KeyRefused) as caught:
        source.load()

    assert caught.value.message == f"file {key_file} {what}"


def test_a_malformed_key_in_the_environment_is_refused(key_file):
    with pytest.raises(KeyRefused, match="environment STRONGROOM_MASTER_KEY is not base64"):
        from_environment(key_file, "ключ\udcff").load()


@pytest.mark.parametrize("kind", ["directory", "pipe", "dangling link", "loop"])
def test_what_is_no_file_is_refused_and_does_not_block(source, key_file, tmp_path, kind):
    key_file.parent.mkdir()
    if kind == "directory":
        key_file.mkdir()
    elif kind == "pipe":
        os.mkfifo(key_file)
    else:
        key_file.symlink_to(key_file if kind == "loop" else tmp_path / "nowhere")

    with pytest.raises(KeyRefused, match=r"master\.key"):
        source.load()


def test_the_same_key_in_two_places_is_one_key(source, key_file, credential):
    lay(key_file, TEXT + b"\n")
    lay(credential, TEXT)

    assert source.load().source == f"file {key_file}"


def test_two_different_keys_are_refused_with_both_places_and_both_fingerprints(source, key_file, credential):
    lay(key_file, TEXT)
    lay(credential, OTHER_TEXT)

    with pytest.raises(KeyRefused) as caught:
        source.load()

    for part in (str(key_file), "strongroom-master-key", fingerprint(RAW), fingerprint(OTHER_RAW)):
        assert part in caught.value.message


NEW = parse_master_key(OTHER_TEXT, "the new one")


def test_a_staged_key_lies_beside_the_key_file_until_it_takes_its_place(source, key_file):
    lay(key_file, TEXT)

    assert source.stage(NEW) is True
    assert (source.load().material.reveal(), source.staged().fingerprint) == (RAW, NEW.fingerprint)
    assert stat.S_IMODE(key_file.with_name("master.key.next").stat().st_mode) == 0o600
    source.promote()
    assert (source.load().material.reveal(), source.staged()) == (OTHER_RAW, None)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [entry.name for entry in key_file.parent.iterdir()] == ["master.key"]


def test_a_staged_key_can_be_taken_back_once_and_again(source, key_file):
    lay(key_file, TEXT)
    source.stage(NEW)

    source.discard()
    source.discard()

    assert (source.load().material.reveal(), source.staged()) == (RAW, None)
    assert [entry.name for entry in key_file.parent.iterdir()] == ["master.key"]


def test_without_a_key_file_nothing_is_staged(source, key_file, credential):
    lay(credential, TEXT)

    assert source.stage(NEW) is False
    assert source.staged() is None
    (step,) = source.elsewhere()
    assert "`systemd-creds encrypt --name=strongroom-master-key …`" in step


def test_behind_a_link_the_key_file_itself_is_replaced(source, key_file, tmp_path):
    lay(tmp_path / "elsewhere", TEXT)
    key_file.parent.mkdir()
    key_file.symlink_to(tmp_path / "elsewhere")

    source.stage(NEW)
    source.promote()

    assert key_file.is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == OTHER_TEXT + b"\n"
    assert source.load().fingerprint == NEW.fingerprint


def test_a_staged_key_that_is_malformed_is_told_with_its_place(source, key_file):
    lay(key_file, TEXT)
    lay(key_file.with_name("master.key.next"), b"torn")

    with pytest.raises(KeyRefused, match=r"master\.key\.next holds 3 bytes"):
        source.staged()


def test_promoting_what_was_not_staged_is_told(source, key_file):
    lay(key_file, TEXT)

    with pytest.raises(KeyRefused, match="no key is staged"):
        source.promote()
    assert source.load().material.reveal() == RAW


def test_a_key_that_cannot_be_staged_is_told(source, key_file, mocker):
    lay(key_file, TEXT)
    mocker.patch("adapters.filesystem.key_source.write_durably", side_effect=OSError(28, "No space left on device"))

    with pytest.raises(KeyRefused, match=r"master\.key\.next cannot be written: No space left on device"):
        source.stage(NEW)


def test_a_key_in_another_file_is_read_and_told_by_its_path(source, tmp_path):
    lay(tmp_path / "new.key", OTHER_TEXT)

    assert source.read(str(tmp_path / "new.key")).fingerprint == NEW.fingerprint
    with pytest.raises(KeyRefused, match=r"nowhere\.key is not there"):
        source.read(str(tmp_path / "nowhere.key"))


class Keyring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, entries):
        self.entries = entries

    def get_password(self, service, username):
        if isinstance(self.entries, Exception):
            raise self.entries
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self.entries[service, username] = password


@pytest.fixture
def in_keyring(key_file):
    """A function that has a keyring hold what it is given, and returns a key source that looks there."""
    before = keyring.get_keyring()

    def source(entries):
        keyring.set_keyring(Keyring(entries))
        entry = KeyringEntry("strongroom", "home")
        return MasterKeySource(key_file=key_file, env_key=None, credential=None, keyring=entry)

    yield source
    keyring.set_keyring(before)


def test_a_key_in_the_keyring_of_the_system_is_read(in_keyring):
    source = in_keyring({("strongroom", "home"): TEXT.decode()})

    assert (source.load().material.reveal(), source.load().source) == (RAW, "keyring entry strongroom/home")
    assert source.places()[-1] == "the keyring entry strongroom/home"
    assert source.elsewhere() == [
        "store the new key as the keyring entry strongroom/home: `keyring set strongroom home`"
    ]


def test_keyring_and_key_file_must_agree(in_keyring, key_file):
    lay(key_file, OTHER_TEXT)

    with pytest.raises(KeyRefused, match="two master keys"):
        in_keyring({("strongroom", "home"): TEXT.decode()}).load()


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ({}, "there is no keyring entry strongroom/home"),
        ({("strongroom", "home"): "hunter2"}, "keyring entry strongroom/home is not base64"),
        (KeyringLocked("hunter2"), "the keyring entry strongroom/home cannot be read: KeyringLocked"),
        (NoKeyringError("hunter2"), "the keyring entry strongroom/home cannot be read: NoKeyringError"),
    ],
    ids=ascii,
)
def test_a_keyring_without_the_key_is_refused_and_no_other_key_is_made(in_keyring, key_file, entries, what):
    source = in_keyring(entries)

    with pytest.raises(KeyRefused) as caught:
        source.load()
    assert caught.value.message == what
    assert caught.value.advice
    assert not key_file.exists()


def test_without_the_library_the_extra_to_install_is_named(in_keyring, monkeypatch):
    source = in_keyring({})
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(KeyRefused) as caught:
        source.load()
    assert "strongroom[keyring]" in caught.value.advice


def test_a_new_key_is_private_durable_and_loaded_again(source, key_file):
    made = source.create()

    assert source.load().fingerprint == made.fingerprint
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in key_file.parent.iterdir()] == ["master.key"]
    assert len(base64.b64decode(key_file.read_bytes())) == 32


def test_a_key_that_is_there_is_never_overwritten(source, key_file):
    lay(key_file, TEXT)

    assert source.create().material.reveal() == RAW
    assert key_file.read_bytes() == TEXT


def test_of_several_that_create_at_once_all_get_the_same_key(source, key_file):
    keys = in_threads(lambda _thread: source.create())

    assert len({key.fingerprint for key in keys}) == 1
    assert [entry.name for entry in key_file.parent.iterdir()] == ["master.key"]


def test_a_key_that_cannot_be_made_is_told(key_file):
    key_file.parent.write_bytes(b"")

    with pytest.raises(KeyRefused, match="cannot be"):
        MasterKeySource(key_file=key_file / "deeper", env_key=None, credential=None).create()


def test_the_places_are_named(source, key_file, credential):
    assert source.places() == [f"the file {key_file}", f"the systemd credential {credential}"]
    assert from_environment(key_file, "x").places() == [
        f"the file {key_file}",
        "the environment variable STRONGROOM_MASTER_KEY",
    ]
