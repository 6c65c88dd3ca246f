"""What is hashed for the audit log is stored for good: these bytes never change (docs/formats.md)."""

import pytest

from domain.audit import BEGINNING, Action, AuditEvent, Checkpoint, event_behind, on_one_line, parse_checkpoint
from domain.errors import Invalid

EVENT = AuditEvent(
    sequence=7,
    at=1_795_521_600_000,
    actor="cli:jürgen",
    action=Action.SECRET_READ,
    subject='a"b',
    outcome="ok",
    detail=None,
    chain="",
)


def test_the_bytes_of_a_link_are_those_of_the_stored_format():
    link = EVENT.link("0" * 4)

    assert link == b'[7,1795521600000,"cli:j\\u00fcrgen","secret.read","a\\"b","ok",null,"0000"]'


def test_the_bytes_of_a_checkpoint_are_those_of_the_stored_format():
    assert Checkpoint(sequence=7, chain="ab").stamp("head") == b'["head",7,"ab"]'
    assert (BEGINNING.sequence, BEGINNING.chain) == (0, "0" * 64)


def test_the_names_of_acts_are_those_that_are_stored():
    assert set(Action) >= {
        "secret.read", "secret.write", "secret.delete", "secret.undelete", "secret.rollback", "secret.destroy",
        "oauth.read", "oauth.write", "oauth.disconnect", "api_token.create", "api_token.revoke",
        "key.rotate", "key.retire", "key.change_master", "key.kit", "migration.run", "legacy.restore",
        "legacy.export", "backup.create", "setting.change", "login", "denied", "audit.prune",
        "mount.open", "mount.deliver", "mount.close",
    }  # fmt: skip


def test_an_event_behind_the_head_has_the_next_number_texts_on_one_line_and_the_chain_of_both():
    head = Checkpoint(sequence=6, chain="before")
    said = {"actor": "a\n", "action": Action.LOGIN, "subject": "s\n", "outcome": "o\n", "detail": "d\n"}

    event = event_behind(head, at=5, **said, chained=lambda event, previous: f"{event.sequence} after {previous}")

    assert (event.sequence, event.at, event.action, event.chain) == (7, 5, Action.LOGIN, "7 after before")
    assert (event.actor, event.subject, event.outcome, event.detail) == (r"a\n", r"s\n", r"o\n", r"d\n")
    assert event.place == Checkpoint(sequence=7, chain="7 after before")


def test_an_event_without_a_detail_has_none():
    said = {"actor": "a", "action": Action.LOGIN, "subject": "s", "outcome": "ok", "detail": None}

    event = event_behind(BEGINNING, at=5, **said, chained=lambda event, _: str(event.detail))

    assert (event.sequence, event.detail, event.chain) == (1, None, "None")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a b"),
        ("ü🔑", "ü🔑"),
        ("", ""),
        ("a\nb", r"a\nb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202e", r"\u202e"),
        ("\udc80", r"\udc80"),
    ],
)
def test_a_text_is_kept_on_one_line_that_no_terminal_minds(text, shown):
    assert on_one_line(text) == shown


def test_a_checkpoint_is_read_as_it_is_written():
    place = Checkpoint(sequence=120, chain="0123456789abcdef" * 4)

    assert parse_checkpoint(str(place)) == place


@pytest.mark.parametrize("raw", ["", "1", "1:", f"x:{'0' * 64}", f"1:{'0' * 63}", f"1:{'G' * 64}", f"²:{'0' * 64}"])
def test_what_is_no_checkpoint_is_refused_and_not_repeated(raw):
    with pytest.raises(Invalid) as caught:
        parse_checkpoint(raw)

    assert "G" not in caught.value.message
