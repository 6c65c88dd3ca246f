"""The search for secrets in the clear: every form, wherever it stands, and quickly where values look alike."""

import base64
import fcntl
import os
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.filesystem.haystacks import SearchedPlaces
from adapters.filesystem.needles import Needles
from adapters.filesystem.remnant_search import MOST_PLACES, FileRemnantSearch
from adapters.sql import open_database, upgrade
from adapters.system import Silence
from domain.remnants import LONGEST_FORM, PIECE, StoredValue, forms
from tests.support.legacy_home import disguises

CHUNK = 64 * 1_024
values = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=8, max_size=80)


@pytest.fixture
def searched(tmp_path):
    search = FileRemnantSearch(
        SearchedPlaces(
            database=tmp_path / "agents.db",
            state_dir=tmp_path,
            config_dir=tmp_path / "config",
            backup_dir=tmp_path / "backups",
        )
    )
    yield search
    search.close()


def look(directory, content, *secrets):
    """Search one log that holds `content`."""
    place = Path(directory) / "service.log"
    place.write_bytes(content)
    nowhere = Path(directory) / "nowhere"
    search = FileRemnantSearch(
        SearchedPlaces(database=nowhere / "agents.db", state_dir=place.parent, config_dir=nowhere, backup_dir=nowhere)
    )
    try:
        return search.search([StoredValue(f"secret {n}", secret) for n, secret in enumerate(secrets)], Silence())
    finally:
        search.close()


@given(value=values, form=st.randoms(use_true_random=False), before=st.integers(0, 40))
@example(value="12345678", form=random.Random(1), before=3)
@example(value="tok/4+Ünl'4q&Rz", form=random.Random(2), before=5)
def test_every_disguise_of_a_value_is_found_wherever_it_stands(value, form, before):
    hidden = form.choice(sorted(disguises(value)))
    noise = form.randbytes(before)

    with tempfile.TemporaryDirectory() as directory:
        report = look(directory, noise + hidden + noise, value.encode())

    assert any(remnant.offset in range(before + len(hidden)) for remnant in report.remnants)


@given(value=values, noise=st.binary(max_size=300))
def test_nothing_is_found_where_no_form_stands(value, noise):
    content = noise + value.encode()[:-1]

    with tempfile.TemporaryDirectory() as directory:
        report = look(directory, content, value.encode())

    assert bool(report.remnants) is any(form in content for _, form in forms(value.encode()))


@pytest.mark.parametrize("back", range(0, 60, 7))
@pytest.mark.parametrize("form", ["raw", "hex", "base64", "UTF-16"])
def test_a_value_across_the_border_of_two_chunks_is_found_once(tmp_path, back, form):
    value = b"tok_9f1c2d7a4b5e6081"
    hidden = dict(reversed(list(forms(value))))[form]
    content = b"~" * (CHUNK - back) + hidden + b"~" * 100

    report = look(tmp_path, content, value)

    assert [(r.offset, r.form) for r in report.remnants] == [(CHUNK - back, form)]


def test_a_finding_says_where_whose_and_in_which_form_and_not_what(tmp_path):
    report = look(tmp_path, b"x" * 100 + b"tok_9f1c2d7a".hex().encode(), b"tok_9f1c2d7a", b"tok_another-one")

    (remnant,) = report.remnants
    assert (remnant.file, remnant.offset) == (str(tmp_path / "service.log"), 100)
    assert (remnant.subject, remnant.form) == ("secret 0", "hex")
    assert "tok_" not in repr(report)


def test_a_long_value_is_found_by_a_part_as_a_database_would_cut_it(tmp_path):
    rng = random.Random(3)
    value = base64.b64encode(rng.randbytes(6_000))

    report = look(tmp_path, b"noise" + value[:4_000] + b"\x00\x00\x00\x07" + value[4_000:7_000], value)

    assert [remnant.offset for remnant in report.remnants] == [5]
    assert PIECE < 4_000


def test_short_values_are_skipped_and_counted(tmp_path):
    report = look(tmp_path, b"1234567 12345678", b"1234567", b"12345678", b"")

    assert (report.values, report.too_short) == (1, 2)
    assert [remnant.offset for remnant in report.remnants] == [8]


def test_no_form_is_longer_than_what_two_chunks_share():
    worst = ["\x01" * PIECE, "é" * (PIECE // 2), "𝄞" * (PIECE // 4), "/" * PIECE, '"' * PIECE]

    assert max(len(form) for text in worst for _, form in forms(text.encode())) <= LONGEST_FORM


def test_a_file_full_of_secrets_is_told_by_some_of_them(tmp_path):
    secrets = [f"tok_{n:032x}".encode() for n in range(1_000)]

    report = look(tmp_path, b"\n".join(secrets), *secrets)

    assert MOST_PLACES <= len(report.remnants) <= 2 * MOST_PLACES


def test_values_that_share_their_middle_are_looked_for_by_what_they_do_not_share():
    needles = Needles()
    for number in range(1_000):
        needles.add(StoredValue(str(number), f"{number:08x}-the-same-for-all-{number:08x}".encode()))

    suspects = needles.suspects(needles.grams_in(b"-the-same-for-all-" * 100))

    assert {subject for shapes in suspects.values() for subject, _, _ in shapes} == {"0"}


def test_only_our_files_are_opened_and_a_link_is_not_followed(searched, tmp_path):
    (tmp_path / "agents.db").write_bytes(b"tok_9f1c2d7a")
    (tmp_path / "agent-env").mkdir()
    (tmp_path / "agent-env" / "elsewhere").write_bytes(b"tok_9f1c2d7a")
    (tmp_path / "linked.log").symlink_to("agent-env/elsewhere")
    os.mkfifo(tmp_path / "pipe.log")

    report = searched.search([StoredValue("a", b"tok_9f1c2d7a")], Silence())

    assert report.files == (str(tmp_path / "agents.db"),)


def test_locks_of_sqlite_are_held_until_the_search_is_closed(searched, tmp_path):
    database = open_database(tmp_path / "agents.db")
    upgrade(database)
    with database.borrowed() as connection:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        assert is_locked(tmp_path / "agents.db")

        searched.search([StoredValue("a", b"tok_9f1c2d7a")], Silence())

        assert is_locked(tmp_path / "agents.db")
    database.close()


def is_locked(path):
    """Ask from another process: a process is never shown its own locks."""
    code = (
        "import fcntl, struct, sys\n"
        "with open(sys.argv[1], 'r+b') as file:\n"
        f"    asked = struct.pack('hhqqi4x', {fcntl.F_WRLCK}, 0, 0, 0, 0)\n"
        f"    print(struct.unpack('hhqqi4x', fcntl.fcntl(file, {fcntl.F_GETLK}, asked))[0] != {fcntl.F_UNLCK})\n"
    )
    assert struct.calcsize("hhqqi4x") == 32
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True, text=True)
    return done.stdout.strip() == "True"
