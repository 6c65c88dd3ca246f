"""Names of old files: what editors leave, how a path is shown, how large a file may be."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.legacy.files import (
    GITLAB_FILE,
    MIB,
    PENPOT_FILE,
    SESSIONS_FILE,
    TOKEN_SIZE_LIMIT,
    LegacyRef,
    Root,
    is_left_by_editor,
    size_limit,
)
from domain.values import is_agent_name
from tests.support.said import cut

LEFT = [
    ".reviewer.swp", ".reviewer.swo", ".#reviewer", "#reviewer#", "reviewer~", "reviewer.swp", "reviewer.bak",
    "reviewer.BAK", "reviewer.orig", "reviewer.tmp", "reviewer.old", "reviewer.save", "reviewer.rej",
    "reviewer.migrated", "reviewer.partial", "reviewer.rpmsave", "reviewer.dpkg-old", ".DS_Store", "._reviewer",
    ".nfs0000000012", ".gitkeep", "Thumbs.db", "desktop.ini", "lost+found", ".", "..", ".hidden\n", "a\nb~",
]  # fmt: skip
NOT_LEFT = ["reviewer", "re.viewer", "bak", "tmp", "reviewer.baker", "swp.reviewer", "a b", "reviewer-old", "~x", "x#"]


@pytest.mark.parametrize("name", LEFT, ids=cut)
def test_what_editors_leave_is_known_by_its_name(name):
    assert is_left_by_editor(name)


@pytest.mark.parametrize("name", NOT_LEFT, ids=cut)
def test_other_names_are_not_taken_for_what_editors_leave(name):
    assert not is_left_by_editor(name)


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (GITLAB_FILE, MIB),
        (SESSIONS_FILE, 1_024 * MIB),
        (PENPOT_FILE, TOKEN_SIZE_LIMIT),
        ("tokens/reviewer", TOKEN_SIZE_LIMIT),
        ("tokens/sessions.json", TOKEN_SIZE_LIMIT),
    ],
)
def test_each_file_has_a_size_limit(path, limit):
    assert size_limit(path) == limit


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("tokens/reviewer", "tokens/reviewer"),
        ("tokens/ключ 🔑", "tokens/ключ 🔑"),
        ("tokens/\udcff\udcfe", "tokens/\\xff\\xfe"),
        ("tokens/\u202e", "tokens/\\u202e"),
    ],
    ids=range(4),
)
def test_a_path_is_shown_so_that_json_takes_it(path, shown):
    assert LegacyRef(Root.CONFIG, path).shown == shown


@example(b"tokens/\x1b[31m")
@example(b"tokens/a\nb")
@given(st.binary(min_size=1, max_size=40).filter(lambda raw: b"\x00" not in raw))
def test_any_path_is_shown_in_printable_characters(raw):
    shown = LegacyRef(Root.CONFIG, raw.decode("utf-8", "surrogateescape")).shown

    assert shown.isprintable()
    shown.encode()


def test_a_file_taken_aside_stands_for_its_old_name():
    aside = LegacyRef(Root.CONFIG, "tokens/.reviewer.aside", aside_of="tokens/reviewer")

    assert aside.logical == "tokens/reviewer"
    assert LegacyRef(Root.CONFIG, "tokens/reviewer").logical == "tokens/reviewer"


@given(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z"))
def test_an_agent_name_without_a_dot_is_never_taken_for_what_editors_leave(name):
    assert is_agent_name(name)
    assert not is_left_by_editor(name)
