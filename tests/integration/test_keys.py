"""A real database and every fault that a key may have: refused in exact words, with no byte written."""

import base64
import os
import re
import secrets
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from app.boot import open_service, plan
from app.setting_sources import load_settings
from domain.errors import Integrity, KeyRefused
from domain.keys import fingerprint
from tests.support.legacy_home import LOCK, LegacyHome, close, listing

OTHER = bytes(range(32))
OTHER_TEXT = base64.b64encode(OTHER).decode()
FORM = "it holds 32 bytes as base64: `openssl rand -base64 32` makes such a key"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A home whose database holds a secret."""
    home = LegacyHome(tmp_path_factory.mktemp("sealed") / "home")
    container = open_service(home.settings())
    container.secrets().set("agent_token:reviewer", "tok-1")
    close(container)
    return home


@pytest.fixture
def home(sealed, tmp_path):
    shutil.copytree(sealed.root, tmp_path / "home")
    return LegacyHome(tmp_path / "home")


@pytest.fixture
def key_file(home):
    return home.config / "master.key"


@pytest.fixture
def right(key_file):
    """The fingerprint of the right key."""
    return fingerprint(base64.b64decode(key_file.read_bytes()))


def refusal(home, environ=None, kind=KeyRefused):
    """What `open_service` says, after a look that nothing was written."""
    given = {"state_dir": home.state, "config_dir": home.config}
    settings = load_settings({"HOME": str(home.root)} | (environ or {}), given)
    before, content = listing(home), home.database.read_bytes()
    with pytest.raises(kind) as caught:
        open_service(settings)
    assert listing(home) == before
    assert home.database.read_bytes() == content
    return caught.value


def in_environment(text):
    return {"STRONGROOM_MASTER_KEY": text, "STRONGROOM_ALLOW_ENV_SECRETS": "1"}


def test_a_missing_key_is_told_with_the_fingerprint_that_is_needed(home, key_file, right):
    key_file.unlink()

    assert refusal(home).message == (
        f"the master key is missing: this database was sealed under {right}, and the file {key_file} holds none"
    )


def test_a_wrong_key_is_told_with_both_fingerprints(home, key_file, right):
    key_file.write_text(OTHER_TEXT)

    error = refusal(home)

    assert error.message == (
        f"wrong master key: this database was sealed under {right}, and file {key_file} holds {fingerprint(OTHER)}"
    )
    assert error.advice


MALFORMED = {
    "short": (base64.b64encode(OTHER[:31]), "holds 31 bytes, 32 are needed"),
    "long": (base64.b64encode(OTHER + b"x"), "holds 33 bytes, 32 are needed"),
    "empty": (b"", "is empty"),
    "white space": (b" \t\n", "is empty"),
    "not base64": (b"correct horse battery staple", "is not base64"),
    "hexadecimal": (OTHER.hex().encode(), "holds 48 bytes, 32 are needed"),
    "raw bytes": (OTHER, "is not base64"),
    "cut in half": (OTHER_TEXT[:22].encode(), "is not base64"),
    "white space inside": (OTHER_TEXT[:20].encode() + b" " + OTHER_TEXT[20:].encode(), "is not base64"),
    "two keys": (f"{OTHER_TEXT}\n{OTHER_TEXT}\n".encode(), "is not base64"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_key_is_refused_with_its_place_and_the_form_that_is_wanted(home, key_file, fault):
    content, what = MALFORMED[fault]
    key_file.write_bytes(content)

    error = refusal(home)

    assert (error.message, error.advice) == (f"file {key_file} {what}", FORM)


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_a_key_file_that_is_no_file_is_refused_without_waiting(home, key_file, kind):
    key_file.unlink()
    if kind == "directory":
        key_file.mkdir()
    else:
        os.mkfifo(key_file)

    assert refusal(home).message == f"file {key_file} is not a regular file"


@pytest.fixture
def as_somebody_else(home):
    """Take a uid that may look everywhere in a home of its own and not read a file of root's."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        theirs = LegacyHome(Path(shutil.copytree(home.root, Path(directory) / "home")))
        for path in [theirs.root, *theirs.root.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o055)
        (theirs.config / "master.key").chmod(0o600)
        os.seteuid(65_534)
        yield theirs
        os.seteuid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root takes another uid")
def test_a_key_file_that_may_not_be_read_is_not_taken_for_a_missing_one(as_somebody_else):
    key_file = as_somebody_else.config / "master.key"

    assert refusal(as_somebody_else).message == f"file {key_file} cannot be read: Permission denied"


@pytest.mark.parametrize("around", ["{}", "{}\n", "{}\r\n", "  {}\n\n"])
def test_white_space_around_the_right_key_is_no_fault(home, key_file, around):
    text = key_file.read_text().strip()
    key_file.write_text(around.format(text))

    container = open_service(home.settings())

    assert container.secrets().get("agent_token:reviewer").value.reveal() == "tok-1"
    close(container)


def test_the_same_key_in_all_three_places_is_accepted(home, key_file, tmp_path):
    (tmp_path / "strongroom-master-key").write_bytes(key_file.read_bytes())
    environ = {"HOME": str(home.root), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    environ |= in_environment(key_file.read_text().strip())
    given = {"state_dir": home.state, "config_dir": home.config}

    container = open_service(load_settings(environ, given))

    assert container.secrets().get("agent_token:reviewer").value.reveal() == "tok-1"
    close(container)


@pytest.mark.parametrize("place", ["environment", "credential"])
def test_two_places_that_differ_are_both_named_with_their_fingerprints(home, key_file, right, tmp_path, place):
    if place == "environment":
        error = refusal(home, in_environment(OTHER_TEXT))
        other = "environment STRONGROOM_MASTER_KEY"
    else:
        (tmp_path / "strongroom-master-key").write_text(OTHER_TEXT)
        error = refusal(home, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
        other = "systemd credential strongroom-master-key"

    assert error.message == (f"two master keys: file {key_file} holds {right}, {other} holds {fingerprint(OTHER)}")


@pytest.mark.parametrize("place", ["environment", "credential"])
def test_the_key_may_be_in_another_place_than_the_file(home, key_file, tmp_path, place):
    text = key_file.read_text().strip()
    key_file.unlink()
    environ = {"HOME": str(home.root)}
    if place == "environment":
        environ |= in_environment(text)
    else:
        (tmp_path / "strongroom-master-key").write_text(text)
        environ["CREDENTIALS_DIRECTORY"] = str(tmp_path)

    container = open_service(load_settings(environ, {"state_dir": home.state, "config_dir": home.config}))

    assert container.secrets().get("agent_token:reviewer").value.reveal() == "tok-1"
    assert not key_file.exists()
    close(container)


def test_a_wrong_key_in_the_environment_alone_is_told(home, key_file, right):
    key_file.unlink()

    error = refusal(home, in_environment(OTHER_TEXT))

    assert error.message == (
        f"wrong master key: this database was sealed under {right}, "
        f"and environment STRONGROOM_MASTER_KEY holds {fingerprint(OTHER)}"
    )


def test_no_refusal_shows_a_key(home, key_file):
    right_text = key_file.read_text().strip()

    error = refusal(home, in_environment(OTHER_TEXT))

    said = f"{error} {error!r} {error.advice}"
    assert right_text not in said
    assert OTHER_TEXT not in said
    assert OTHER.hex() not in said


def test_a_plan_refuses_the_same_and_writes_nothing(home, key_file):
    key_file.write_text(OTHER_TEXT)
    before = listing(home)

    with pytest.raises(KeyRefused, match="wrong master key"):
        plan(home.settings())

    assert listing(home) == before


def test_a_database_without_a_single_key_gets_a_new_one(home, key_file):
    for name in ("agents.db", LOCK):
        (home.state / name).unlink()
    key_file.unlink()

    container = open_service(home.settings())

    assert len(base64.b64decode(key_file.read_bytes())) == 32
    assert len(container.data_keys().list()) == 2
    close(container)


def test_a_new_database_takes_the_key_that_is_there(home, key_file, right):
    home.database.unlink()

    container = open_service(home.settings())

    assert container.master_key().fingerprint == right
    assert {key.master_fingerprint for key in container.data_keys().list()} == {right}
    close(container)


@pytest.mark.parametrize("column", ["wrapped", "canary"])
def test_a_damaged_data_key_is_told_from_a_wrong_master_key(home, column):
    connection = sqlite3.connect(home.database, isolation_level=None)
    key_id, blob = connection.execute(f"SELECT id, {column} FROM data_key WHERE purpose = 'seal'").fetchone()
    damaged = blob[:-1] + bytes([blob[-1] ^ 1])
    connection.execute(f"UPDATE data_key SET {column} = ? WHERE id = ?", (damaged, key_id))
    connection.close()

    with pytest.raises(Integrity) as caught:
        open_service(home.settings())

    assert not isinstance(caught.value, KeyRefused)
    assert re.fullmatch(f"data key {key_id} is damaged: the right master key does not open it", caught.value.message)


def test_a_key_made_by_hand_serves(tmp_path):
    home = LegacyHome(tmp_path / "new")
    home.config.mkdir(parents=True)
    raw = secrets.token_bytes(32)
    (home.config / "master.key").write_bytes(base64.b64encode(raw) + b"\n")

    container = open_service(home.settings())

    assert container.master_key().fingerprint == fingerprint(raw)
    close(container)
