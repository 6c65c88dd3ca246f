"""`tokens/<agent>` and `penpot-token`: every nasty file, and what is said of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.legacy.text import Malformed
from domain.legacy.token_file import parse_token_file
from domain.values import is_token_line
from tests.support.silence import assert_says_nothing_of

ACCEPTED = {
    "no line end": (b"glpat-hush", "glpat-hush"),
    "line feed": (b"glpat-hush\n", "glpat-hush"),
    "carriage return and line feed": (b"glpat-hush\r\n", "glpat-hush"),
    "carriage return": (b"glpat-hush\r", "glpat-hush"),
    "many line ends": (b"glpat-hush\n\r\n\n\r\r", "glpat-hush"),
    "byte order mark": (b"\xef\xbb\xbfglpat-hush", "glpat-hush"),
    "byte order mark and line end": (b"\xef\xbb\xbfglpat-hush\r\n", "glpat-hush"),
    "one character": (b"x", "x"),
    "padding": (b"aHVzaA==\n", "aHVzaA=="),
    "much padding": (b"hush====", "hush===="),
    "padding that looks like an empty value": (b"TOKEN=\n", "TOKEN="),
    "punctuation": (b"!#$%&()*+,-./:;<>?@[]^_{|}~", "!#$%&()*+,-./:;<>?@[]^_{|}~"),
    "a backslash": (rb"a\nb", r"a\nb"),
    "quotes inside": (b"a\"b'c`d", "a\"b'c`d"),
    "a hyphen in front": (b"-hush", "-hush"),
    "beyond ASCII": ("ключ🔑".encode(), "ключ🔑"),
    "a combining mark": ("e\u0301".encode(), "e\u0301"),
    "a variable's name": (b"${TOKEN}", "${TOKEN}"),
    "64 KiB": (b"t" * 65_536, "t" * 65_536),
}

REJECTED = {
    "empty": (b"", "empty"),
    "a line feed": (b"\n", "empty"),
    "line ends": (b"\r\n\r\n\r\n", "empty"),
    "spaces": (b"    ", "empty"),
    "a tab": (b"\t\n", "empty"),
    "a no-break space": ("\u00a0".encode(), "empty"),
    "a byte order mark": (b"\xef\xbb\xbf", "empty"),
    "a byte order mark and a line end": (b"\xef\xbb\xbf\r\n", "empty"),
    "one NUL byte": (b"\x00", "NUL"),
    "a page of NUL bytes": (b"\x00" * 4_096, "NUL"),
    "NUL inside": (b"hush\x00hidden", "NUL"),
    "NUL in front": (b"\x00hush", "NUL"),
    "NUL at the end": (b"hush\x00\n", "NUL"),
    "NUL, then a second line": (b"hush\x00\nhidden", "NUL"),
    "UTF-16, little end first, no mark": ("hush".encode("utf-16-le"), "NUL"),
    "two lines": (b"hush-one\nhush-two\n", "one line"),
    "two lines, carriage return": (b"hush-one\rhush-two", "one line"),
    "two lines, both": (b"hush-one\r\nhush-two\r\n", "one line"),
    "an empty line in front": (b"\nhush-hidden", "one line"),
    "an empty line between": (b"hush-one\n\nhush-two", "one line"),
    "a PEM key": (b"-----BEGIN KEY-----\nhush\n-----END KEY-----\n", "one line"),
    "a commented token": (b"#hush-comment\nhush-hidden\n", "one line"),
    "a space inside": (b"hush hidden", "white space"),
    "a space in front": (b" hush-hidden", "white space"),
    "a space behind": (b"hush-hidden ", "white space"),
    "a space before the line end": (b"hush-hidden \n", "white space"),
    "a tab inside": (b"hush\thidden", "white space"),
    "a tab behind": (b"hush-hidden\t\n", "white space"),
    "a vertical tab": (b"hush\x0bhidden", "white space"),
    "a form feed": (b"hush-hidden\x0c", "white space"),
    "a separator": (b"hush\x1chidden", "white space"),
    "a next line": ("hush\u0085hidden".encode(), "white space"),
    "a no-break space inside": ("hush\u00a0hidden".encode(), "white space"),
    "an em space": ("hush\u2003hidden".encode(), "white space"),
    "a line separator": ("hush\u2028hidden".encode(), "white space"),
    "an ideographic space": ("hush-hidden\u3000".encode(), "white space"),
    "Bearer": (b"Bearer hush-hidden", "white space"),
    "export": (b"export TOKEN=hush-hidden", "white space"),
    "a netrc line": (b"machine forge login hush password hidden", "white space"),
    "a zero width space": ("hush\u200bhidden".encode(), "invisible"),
    "a zero width joiner": ("hush\u200dhidden".encode(), "invisible"),
    "a second byte order mark": (b"\xef\xbb\xbf\xef\xbb\xbfhush", "invisible"),
    "a byte order mark behind": ("hush-hidden\ufeff".encode(), "invisible"),
    "right-to-left override": ("hush\u202ehidden".encode(), "invisible"),
    "a soft hyphen": ("hush\u00adhidden".encode(), "invisible"),
    "a bell": (b"hush\x07hidden", "invisible"),
    "a backspace": (b"hush\x08hidden", "invisible"),
    "an escape sequence": (b"\x1b[31mhush-hidden\x1b[0m", "invisible"),
    "delete": (b"hush\x7fhidden", "invisible"),
    "C1": ("hush\u009bhidden".encode(), "invisible"),
    "private use": ("hush\ue000".encode(), "invisible"),
    "no character": ("hush\uffff".encode(), "invisible"),
    "double quotes": (b'"hush-hidden"\n', "quotes"),
    "single quotes": (b"'hush-hidden'", "quotes"),
    "back quotes": (b"`hush-hidden`", "quotes"),
    "a quote in front": (b'"hush-hidden', "quotes"),
    "a quote behind": (b"hush-hidden'\n", "quotes"),
    "an assignment": (b"GITLAB_TOKEN=hush-hidden\n", "NAME=value"),
    "an assignment of padding": (b"TOKEN=hush-hidden==", "NAME=value"),
    "an equals sign in front": (b"=hush-hidden", "NAME=value"),
    "an equals sign inside": (b"hush==hidden", "NAME=value"),
    "an assignment of a quoted value": (b"TOKEN='hush-hidden'", "quotes"),
    "a JSON text": (b'"hush-hidden"', "quotes"),
    "a JSON object": (b'{"key": "hush-hidden"}', "white space"),
    "UTF-16 with a mark": ("hush-hidden".encode("utf-16"), "not UTF-8: byte 1"),
    "UTF-16, big end first": (b"\xfe\xff\x00h", "not UTF-8: byte 1"),
    "UTF-32 with a mark": ("hush".encode("utf-32"), "not UTF-8: byte 1"),
    "Latin-1": (b"hush-h\xefdden", "not UTF-8: byte 7"),
    "cut off inside a character": (b"hush-hidden\xe2\x82", "not UTF-8: byte 12"),
    "an encoded surrogate": (b"hush\xed\xa0\x80hidden", "not UTF-8: byte 5"),
    "an overlong NUL": (b"hush\xc0\x80hidden", "not UTF-8: byte 5"),
    "beyond Unicode": (b"hush\xf4\x90\x80\x80", "not UTF-8: byte 5"),
    "gzip": (b"\x1f\x8b\x08\x00hush-hidden", "not UTF-8: byte 2"),
    "Latin-1 behind a byte order mark": (b"\xef\xbb\xbfhush\xff", "not UTF-8: byte 8"),
}


@pytest.mark.parametrize(("content", "token"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_token_file_is_read(content, token):
    assert parse_token_file(content).reveal() == token


@pytest.mark.parametrize(("content", "said"), REJECTED.values(), ids=REJECTED)
def test_a_malformed_token_file_is_rejected_without_a_word_of_it(content, said):
    with pytest.raises(Malformed) as caught:
        parse_token_file(content)

    assert said in caught.value.message
    assert_says_nothing_of(content, caught.value)


@given(st.binary())
def test_any_bytes_are_a_token_or_malformed(content):
    try:
        token = parse_token_file(content)
    except Malformed as error:
        assert_says_nothing_of(content, error)
    else:
        assert is_token_line(token.reveal())


@given(
    st.text(st.characters(min_codepoint=0x21, exclude_categories=["C", "Z"], exclude_characters="\"'`="), min_size=1)
)
def test_a_token_comes_back_whatever_line_ends_follow(token):
    for marks in ("", "\ufeff"):
        for ends in ("", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\n\r"):
            assert parse_token_file((marks + token + ends).encode()).reveal() == token.removeprefix("\ufeff")
