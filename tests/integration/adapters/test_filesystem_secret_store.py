"""What the contract does not say of secrets in files: where they lie, and files that others wrote."""

import os
import stat

import pytest

from adapters.filesystem import FileSecretStore
from adapters.memory import ManualClock
from domain.errors import Integrity, Invalid, VersionConflict

NAME = "agent_token:reviewer"
NS_PER_MS = 1_000_000


@pytest.fixture
def config_dir(tmp_path):
    return tmp_path / "config"


@pytest.fixture
def token_file(config_dir):
    (config_dir / "tokens").mkdir(parents=True)
    return config_dir / "tokens" / "reviewer"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(config_dir, clock):
    return FileSecretStore(config_dir, clock)


@pytest.mark.parametrize(("name", "path"), [(NAME, "tokens/reviewer"), ("penpot_api_token", "penpot-token")])
def test_a_secret_is_one_private_line_where_the_old_version_looks(store, config_dir, name, path):
    store.set(name, "tok-1")

    assert (config_dir / path).read_bytes() == b"tok-1\n"
    assert stat.S_IMODE((config_dir / path).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["anything", "github:app", "agent_token:reviewer.bak", "agent_token:reviewer.swp"])
def test_a_name_that_no_file_can_stand_for_is_invalid_and_not_there(store, config_dir, name):
    with pytest.raises(Invalid):
        store.set(name, "tok-1")

    assert store.get(name) is None
    assert store.delete(name) is False
    assert not config_dir.exists()


def test_the_version_is_the_instant_of_writing(store, clock):
    version = store.set(NAME, "tok-1")

    assert version == clock.now() * NS_PER_MS
    assert store.get(NAME).created_at == store.get(NAME).updated_at == clock.now()


def test_the_version_grows_while_the_clock_stands_or_goes_back(store, clock):
    versions = [store.set(NAME, "tok-1"), store.set(NAME, "tok-2")]
    clock.advance(-86_400_000)
    versions.append(store.set(NAME, "tok-3"))
    store.delete(NAME)
    versions.append(store.set(NAME, "tok-4"))

    assert versions == sorted(set(versions))


def test_the_version_grows_beyond_that_of_a_file_written_by_hand_and_deleted(store, token_file, clock):
    token_file.write_bytes(b"tok-1")
    later = (clock.now() + 5_000) * NS_PER_MS
    os.utime(token_file, ns=(later, later))
    store.delete(NAME)

    assert store.set(NAME, "tok-2") > later


def test_a_file_written_by_hand_is_a_new_version(store, token_file):
    version = store.set(NAME, "tok-1")
    token_file.write_bytes(b"tok-2\r\n")

    with pytest.raises(VersionConflict):
        store.set(NAME, "tok-3", expected_version=version)

    assert store.get(NAME).value.reveal() == "tok-2"


def test_a_file_without_an_age_is_there_all_the_same(store, token_file):
    token_file.write_bytes(b"tok-1")
    os.utime(token_file, ns=(0, 0))

    assert store.get(NAME).version == 1
    with pytest.raises(VersionConflict):
        store.set(NAME, "tok-2", expected_version=0)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"hidden one\n", b"hidden\nhidden\n", b"hid\x00den", b"\xffhidden", b"hidden" * 20_000]
)
def test_a_malformed_file_is_told_without_its_content_and_can_be_overwritten(store, token_file, content):
    token_file.write_bytes(content)

    with pytest.raises(Integrity, match=NAME) as caught:
        store.get(NAME)
    store.set(NAME, "tok-1")

    assert "hidden" not in str(caught.value)
    assert store.get(NAME).value.reveal() == "tok-1"


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "directory"])
def test_what_is_no_regular_file_is_told_and_left_alone(store, token_file, tmp_path, kind):
    if kind == "pipe":
        os.mkfifo(token_file)
    elif kind == "directory":
        token_file.mkdir()
    else:
        token_file.symlink_to(tmp_path / "elsewhere")
        if kind == "link":
            (tmp_path / "elsewhere").write_bytes(b"tok-1")

    for call in (lambda: store.get(NAME), lambda: store.set(NAME, "tok-2"), lambda: store.delete(NAME)):
        with pytest.raises(Integrity, match="not a regular file"):
            call()

    assert store.list() == []
    assert not stat.S_ISREG(token_file.lstat().st_mode)


def test_the_list_leaves_out_what_is_no_secret(store, token_file, config_dir):
    store.set(NAME, "tok-1")
    store.set("penpot_api_token", "tok-2")
    for leftover in (".reviewer.swp", "reviewer~", "reviewer.bak", "-odd", "white space", ".hidden"):
        (config_dir / "tokens" / leftover).write_bytes(b"x")
    (config_dir / "tokens" / "linked").symlink_to(token_file)
    (config_dir / "tokens" / "directory").mkdir()

    assert [(info.name, info.key_id) for info in store.list()] == [(NAME, None), ("penpot_api_token", None)]


def test_reading_makes_no_directory(store, config_dir):
    assert store.get(NAME) is None
    assert store.list() == []
    assert store.delete(NAME) is False

    assert not config_dir.exists()


def test_a_secret_in_a_file_has_no_expiry(store, clock):
    with pytest.raises(Invalid):
        store.set(NAME, "tok-1", expires_at=clock.now() + 1)

    assert store.get(NAME) is None
