"""The journal on a real disk: full, cut, tampered with, and with other things in its place."""

import errno
import os
import stat
from dataclasses import replace

import pytest

from adapters.filesystem import FileAnswerJournal
from domain.errors import Integrity, Invalid, Unreachable
from domain.ports import JournalledAnswer
from domain.values import SecretValue
from tests.contracts.answer_journal import FULL, said
from tests.support.connections import fill_up, small_disk
from tests.support.recipes import a_cipher, a_database

KIB = 1_024
ROOM = 128 * KIB
ANSWER = JournalledAnswer(FULL, 3)
LONG = JournalledAnswer(replace(FULL, access_token=SecretValue("a" * 60 * KIB)), 3)
TOO_LONG = JournalledAnswer(replace(FULL, access_token=SecretValue("a" * 130 * KIB)), 3)


@pytest.fixture
def cipher(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield a_cipher(database)


@pytest.fixture
def state_dir(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def journal(state_dir, cipher):
    return FileAnswerJournal(state_dir, cipher)


@pytest.fixture
def file(state_dir, journal):
    """The file of GitLab's answer, with room in it."""
    journal.reserve("gitlab")
    return state_dir / "oauth-answer-gitlab.sealed"


@pytest.fixture
def written(file, journal):
    """The same with an answer in it."""
    journal.write("gitlab", ANSWER)
    return file


def end_of(content):
    """Where the answer in a file ends."""
    return len(content.rstrip(b"\0"))


def test_the_room_is_private_and_every_block_of_it_is_there(file):
    found = file.stat()

    assert stat.S_IMODE(found.st_mode) == 0o600
    assert (found.st_size, file.read_bytes()) == (ROOM, bytes(ROOM))
    assert found.st_blocks * 512 >= ROOM
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_an_answer_is_written_in_the_room_that_was_made_and_not_in_the_clear(file, journal):
    before = file.stat()
    journal.write("gitlab", ANSWER)

    after = file.stat()
    assert (after.st_ino, after.st_size, after.st_blocks) == (before.st_ino, before.st_size, before.st_blocks)
    assert b"hidden" not in file.read_bytes()
    assert b"operator" not in file.read_bytes()


def test_an_answer_too_long_for_the_room_takes_its_place_in_one_step(file, journal):
    room = file.stat().st_ino
    journal.write("gitlab", TOO_LONG)

    assert file.stat().st_ino != room
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]
    assert said(journal.read("gitlab")) == said(TOO_LONG)


def test_an_answer_is_not_taken_for_kept_before_the_disk_has_it(file, journal, monkeypatch):
    def fail(_descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(Unreachable, match="Input/output error"):
        journal.write("gitlab", ANSWER)


def test_another_process_that_opens_the_database_finds_the_answer(written, tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        assert said(FileAnswerJournal(written.parent, a_cipher(database)).read("gitlab")) == said(ANSWER)


def test_an_answer_that_fills_the_room_still_fits_when_the_disk_is_full(tmp_path, cipher):
    with small_disk(tmp_path / "small", 512) as disk:
        journal = FileAnswerJournal(disk, cipher)
        journal.reserve("gitlab")
        fill_up(disk)
        with pytest.raises(OSError, match="No space"):
            (disk / "more").write_bytes(bytes(8 * KIB))

        journal.write("gitlab", LONG)

        assert said(journal.read("gitlab")) == said(LONG)


def test_on_a_full_disk_no_room_is_made_and_nothing_is_left_behind(tmp_path, cipher):
    with small_disk(tmp_path / "small", 64) as disk:
        with pytest.raises(Unreachable, match=r"oauth-answer-gitlab\.sealed .*No space"):
            FileAnswerJournal(disk, cipher).reserve("gitlab")

        assert list(disk.iterdir()) == []


def test_room_that_is_there_will_do_when_the_disk_is_full(tmp_path, cipher):
    with small_disk(tmp_path / "small", 512) as disk:
        journal = FileAnswerJournal(disk, cipher)
        journal.reserve("gitlab")
        fill_up(disk)

        journal.reserve("gitlab")
        journal.write("gitlab", ANSWER)
        journal.reserve("gitlab")

        assert journal.read("gitlab") == ANSWER


def test_room_without_blocks_is_made_anew(file, journal):
    file.write_bytes(b"")
    os.truncate(file, ROOM)

    journal.reserve("gitlab")

    assert file.stat().st_blocks * 512 >= ROOM


@pytest.mark.parametrize("content", [b"", b"short", b"x" * ROOM, bytes(ROOM - 1), b"SJ\x01\x00" + b"\xff" * 90])
def test_what_is_neither_room_nor_an_answer_gives_way_to_room(file, journal, content):
    file.write_bytes(content)

    journal.reserve("gitlab")

    assert file.read_bytes() == bytes(ROOM)


def test_an_answer_that_was_cut_anywhere_is_none(written, journal):
    content = written.read_bytes()

    for length in range(end_of(content)):
        written.write_bytes(content[:length])
        assert journal.read("gitlab") is None


@pytest.mark.parametrize("kept", [range(0), range(1, 9), range(1), range(2), (0, 2, 3, 4), (1, 2)])
def test_an_answer_of_which_the_disk_has_only_some_sectors_is_none(file, journal, kept):
    journal.write("gitlab", JournalledAnswer(replace(FULL, account="x" * 2 * KIB), 3))
    content, torn = file.read_bytes(), bytearray(ROOM)
    for sector in kept:
        torn[sector * 512 : (sector + 1) * 512] = content[sector * 512 : (sector + 1) * 512]
    file.write_bytes(torn)

    assert journal.read("gitlab") is None
    journal.reserve("gitlab")
    journal.write("gitlab", ANSWER)
    assert journal.read("gitlab") == ANSWER


def test_a_changed_byte_anywhere_is_noticed(written, journal):
    content = written.read_bytes()

    for place in range(end_of(content)):
        written.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        if 12 <= place < 16:
            assert _outcome(journal) in {None, "Integrity"}, "a length beyond the file is that of a cut answer"
        else:
            assert _outcome(journal) == "Integrity"


def test_the_answer_of_another_forge_is_refused(written, journal):
    written.rename(written.with_name("oauth-answer-github.sealed"))

    with pytest.raises(Integrity, match="the journalled answer of github") as caught:
        journal.read("github")

    assert "hidden" not in str(caught.value)


def test_an_answer_to_another_version_is_refused(written, journal):
    content = bytearray(written.read_bytes())
    content[11] += 1
    written.write_bytes(content)

    with pytest.raises(Integrity):
        journal.read("gitlab")


def test_an_answer_of_another_database_is_refused(written, tmp_path):
    with a_database(tmp_path / "other.db") as other, pytest.raises(Integrity):
        FileAnswerJournal(written.parent, a_cipher(other)).read("gitlab")


def test_a_link_in_its_place_is_not_followed(file, journal, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(bytes(ROOM))
    file.unlink()
    file.symlink_to(victim)

    with pytest.raises(Integrity, match=r"oauth-answer-gitlab\.sealed is not a regular file"):
        journal.read("gitlab")
    journal.write("gitlab", ANSWER)

    assert victim.read_bytes() == bytes(ROOM)
    assert not file.is_symlink()
    assert journal.read("gitlab") == ANSWER


def test_a_link_gives_way_to_room(file, journal, tmp_path):
    file.unlink()
    file.symlink_to(tmp_path / "nowhere")

    journal.reserve("gitlab")

    assert not file.is_symlink()
    assert file.read_bytes() == bytes(ROOM)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a directory"])
def test_another_thing_in_its_place_is_told_and_does_not_block(file, journal, make):
    file.unlink()
    make(file)

    with pytest.raises(Integrity, match="not a regular file"):
        journal.read("gitlab")


def test_where_no_file_can_be_the_message_names_it_and_no_secret(tmp_path, cipher):
    (tmp_path / "state").write_bytes(b"")
    journal = FileAnswerJournal(tmp_path / "state", cipher)

    for call in (
        lambda: journal.reserve("gitlab"),
        lambda: journal.write("gitlab", ANSWER),
        lambda: journal.read("gitlab"),
        lambda: journal.clear("gitlab"),
    ):
        with pytest.raises(Unreachable, match=r"oauth-answer-gitlab\.sealed") as caught:
            call()
        assert "hidden" not in f"{caught.value} {caught.value.advice}"


def test_a_name_that_is_no_forge_leads_nowhere(journal):
    with pytest.raises(Invalid):
        journal.read("../gitlab")


def test_clearing_leaves_no_file(written, journal):
    journal.clear("gitlab")

    assert list(written.parent.iterdir()) == []


def _outcome(journal):
    try:
        return journal.read("gitlab")
    except Integrity:
        return "Integrity"
