"""What git asks and is told: only for the place that it really goes to."""

import pytest

from app.usecases.oauth.git_credential import GitRequest, _is_below, parse_request
from domain.errors import Invalid

SEPARATORS = ["\r", "\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x00", "\x1b"]


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
def test_nothing_but_a_line_feed_ends_a_line(separator):
    """A user name in a hostile address must not become a line that names another host."""
    with pytest.raises(Invalid):
        parse_request(f"protocol=https\nusername=a{separator}host=forge.example.org\nhost=evil.example\n")


@pytest.mark.parametrize("name", ["protocol", "host", "username", "path"])
def test_no_part_of_the_place_is_named_twice(name):
    with pytest.raises(Invalid):
        parse_request(f"{name}=a\n{name}=b\n")


def test_names_that_we_do_not_know_may_come_again():
    assert parse_request("wwwauth[]=a\nwwwauth[]=b\nhost=h\n\nhost=other\n").host == "h"


@pytest.mark.parametrize("line", ["rubbish", "host", "host=a\tb"])
def test_what_is_no_question_of_git_is_refused(line):
    with pytest.raises(Invalid):
        parse_request(line)


def test_an_address_stands_for_its_parts():
    asked = parse_request("url=https://ada@forge.example.org:8443/git/a.git\n")

    assert (asked.protocol, asked.host, asked.path, asked.username) == (
        "https", "forge.example.org:8443", "git/a.git", "ada"
    )  # fmt: skip


BASE = "https://forge.example.org/git"
PLACES = {
    ("https", "forge.example.org", "git/a.git"): True,
    ("https", "forge.example.org:443", "git/a.git"): True,
    ("https", "FORGE.example.org", "git"): True,
    ("https", "forge.example.org", ""): True,
    ("http", "forge.example.org", "git/a.git"): False,
    ("https", "forge.example.org:8443", "git/a.git"): False,
    ("https", "forge.example.org.evil.example", "git/a.git"): False,
    ("https", "forge.example.org@evil.example", "git/a.git"): False,
    ("https", "evil.example", "git/a.git"): False,
    ("https", "forge.example.org", "gitty/a.git"): False,
    ("https", "forge.example.org", "other/a.git"): False,
    ("https", "forge.example.org", "git/../evil/a.git"): False,
    ("https", "forge.example.org:port", "git/a.git"): False,
    ("", "", ""): False,
}


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_token_is_for_one_place(place):
    protocol, host, path = place

    assert _is_below(GitRequest(protocol=protocol, host=host, path=path), BASE) is PLACES[place]


def test_an_address_that_is_none_is_the_same_as_no_other():
    assert not _is_below(GitRequest(protocol="https", host="a:x", path=""), "https://b:y")
