"""What a setting that the database may hold must mean, and what becomes of one that means nothing."""

import pytest

from app.setting_sources import load_settings
from app.settings import SPECS
from app.stored_settings import parse_storable
from domain.backups import Retention, parse_retention
from domain.errors import Invalid

PASSED_OVER = "default; the settings table holds a value that cannot be used"
ADDRESSES = [name for name, spec in SPECS.items() if spec["stored"] and name.endswith("_url")]
TEXTS = [name for name in SPECS if name.endswith(("_client_id", "_scopes"))]


def load(environ=None, **flags):
    return load_settings({"HOME": "/home/someone"} | (environ or {}), flags)


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "12",
        "forge.example.org",
        "https://ada@forge.example.org",
        "https://forge.example.org?x=1",
        "https://forge.example.org/\x1b[31m",
        "https://forge.exa\nmple.org",
        "\thttps://forge.example.org",
        "https://forge.example.org/a b",
        "https://forge.example.org/" + "a" * 1_024,
    ],
)
def test_an_address_is_one_that_paths_can_be_put_behind(name, text):
    with pytest.raises(Invalid, match="not an address") as refused:
        parse_storable(name, text)

    assert text not in f"{refused.value} {refused.value.advice}"
    assert parse_storable(name, "https://forge.example.org:3000/git/") == name


def test_five_settings_are_addresses():
    assert set(ADDRESSES) == {"public_url", "gitlab_url", "github_url", "forgejo_url", "penpot_url"}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", ["a\0b", "\x1b[31m", "a\nb", "\x9b", "a\u202eb", "\ud800", "   ", "a" * 1_025])
def test_scopes_and_ids_are_visible_and_not_too_long(name, text):
    with pytest.raises(Invalid, match="not visible text"):
        parse_storable(name, text)

    assert parse_storable(name, "read:user client \u00fc " + "a" * 1_000) == name


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("last=5,daily=7,weekly=4,monthly=6", Retention(last=5, daily=7, weekly=4, monthly=6)),
        ("monthly=9999", Retention(monthly=9_999)),
        ("daily=007,last=0", Retention(daily=7)),
    ],
)
def test_a_retention_is_read(text, kept):
    assert parse_retention(text) == kept
    assert parse_retention(str(kept)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "last",
        "last=",
        "last=-1",
        "last=10000",
        "last=\uff15",
        "last=0,daily=0",
        "last=5,last=5",
        "yearly=1",
        "last=5,",
        "last=5, daily=7",
        "LAST=5",
        "last=5\n",
        "last=5,daily=7,weekly=4,monthly=6,last=5",
    ],
)
def test_what_keeps_nothing_or_cannot_be_read_is_no_retention(text):
    with pytest.raises(Invalid, match="not a retention of backups"):
        parse_retention(text)


@pytest.mark.parametrize("name", ["gitlab_url", "gitlab_client_id", "gitlab_scopes", "backup_keep", "public_url"])
def test_an_empty_text_is_the_same_as_none_wherever_it_stands(name, tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    default = (getattr(load(), name), "default")
    found = [load(**{name: ""}), load({f"STRONGROOM_{name.upper()}_FILE": str(empty)}), load().with_stored({name: ""})]

    assert [(getattr(each, name), each.origins[name]) for each in found] == [default] * 3


@pytest.mark.parametrize(
    ("name", "text"),
    [("archive_ttl_days", "soon"), ("gitlab_url", "12"), ("forgejo_client_id", "a\0b"), ("backup_keep", "nonsense")],
)
def test_what_the_table_holds_and_cannot_be_used_is_passed_over_and_said(name, text):
    laid = load().with_stored({name: text, "session_ttl_days": "7"})

    assert (getattr(laid, name), laid.origins[name]) == (getattr(load(), name), PASSED_OVER)
    assert laid.may_be_stored(name)
    assert not laid.is_set(name)
    assert laid.session_ttl_days == 7


def test_what_is_set_from_outside_wins_over_a_value_that_cannot_be_used():
    laid = load({"STRONGROOM_GITLAB_URL": "https://gitlab.example.org"}).with_stored({"gitlab_url": "12"})

    assert (laid.gitlab_url, laid.origins["gitlab_url"]) == ("https://gitlab.example.org", "environment")
    assert laid.is_set("gitlab_url")
    assert not laid.may_be_stored("gitlab_url")


@pytest.mark.parametrize("before", ["https://gitlab.example.org", "12"])
def test_what_the_table_no_longer_holds_is_the_default_again(before):
    laid = load().with_stored({"gitlab_url": before})

    again = laid.with_stored({})

    assert (again.gitlab_url, again.origins["gitlab_url"]) == ("https://gitlab.com", "default")
    assert again == load()


def test_without_tcp_the_public_address_is_no_reason_not_to_start():
    assert load(port="0").public_url == "http://127.0.0.1:0"
