"""The master key is found in one of three places, made in one of them, and never shown."""

import base64
import os
import stat

import pytest

from adapters.filesystem import MasterKeySource
from domain.errors import KeyRefused
from domain.keys import fingerprint
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
