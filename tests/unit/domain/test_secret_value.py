"""A secret value, and whatever holds one, shows nothing in any form."""

import copy
import json
import logging
import pickle
import pprint
import traceback
from dataclasses import asdict, astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.keys import KeyMaterial, MasterKey, fingerprint
from domain.legacy.files import Fingerprint, LegacyFile, LegacyRef, Root
from domain.oauth import OAuthToken
from domain.secrets import Secret
from domain.values import SecretValue

HIDDEN = "hush-hidden"
VALUE = SecretValue(HIDDEN)
SECRET = Secret(name="agent_token:reviewer", value=VALUE, version=1, created_at=1, updated_at=1)
TOKEN = OAuthToken(forge_type="gitlab", access_token=VALUE, refresh_token=VALUE)
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

FORMS = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "format": format,
    "f-string": lambda value: f"{value}",
    "f-string with !r": lambda value: f"{value!r}",
    "f-string with =": lambda value: f"{value=}",
    "percent s": lambda value: "%s" % (value,),  # noqa: UP031 - the old form is what is tested
    "percent r": lambda value: "%r" % (value,),  # noqa: UP031 - the old form is what is tested
    "str.format": "{}".format,
    "in a list": lambda value: str([value]),
    "in a dict": lambda value: str({"value": value}),
    "pprint": pprint.pformat,
    "JSON by default": lambda value: json.dumps(value, default=str),
    "an exception": lambda value: repr(ValueError(value)) + str(ValueError(value)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("holder", [VALUE, SECRET, TOKEN], ids=["value", "secret", "OAuth token"])
def test_no_form_shows_it(form, holder):
    assert "hidden" not in form(holder)


@pytest.mark.parametrize("spec", ["", "s", ">40", "<40", "^3", ".5", "r"])
def test_no_format_shows_it(spec):
    assert format(VALUE, spec) == "**********"


@pytest.mark.parametrize("to", [asdict, astuple])
@pytest.mark.parametrize("holder", [SECRET, TOKEN], ids=["secret", "OAuth token"])
def test_taking_a_holder_apart_keeps_the_value_and_shows_nothing(to, holder):
    parts = to(holder)

    assert "hidden" not in str(parts)
    values = parts.values() if isinstance(parts, dict) else parts
    assert VALUE in [value for value in values if isinstance(value, SecretValue)]


def test_it_has_no_form_in_json():
    with pytest.raises(TypeError):
        json.dumps({"value": VALUE})


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("holder", [VALUE, SECRET, TOKEN], ids=["value", "secret", "OAuth token"])
def test_a_pickle_does_not_hold_it(protocol, holder):
    assert b"hidden" not in pickle.dumps(holder, protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_comes_out_of_a_pickle_refuses_to_be_revealed(protocol):
    lost = pickle.loads(pickle.dumps(VALUE, protocol))

    with pytest.raises(Invalid):
        lost.reveal()
    with pytest.raises(Invalid):
        assert lost == SecretValue("")
    assert str(lost) == "**********"


@pytest.mark.parametrize("copied", [copy.copy(VALUE), copy.deepcopy(VALUE), copy.deepcopy([VALUE])[0]])
def test_a_copy_is_as_good_as_the_value(copied):
    assert copied.reveal() == HIDDEN


def test_a_traceback_with_local_variables_does_not_show_it():
    def fail(value):
        raise LookupError(value)

    try:
        fail(VALUE)
    except LookupError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    assert "value = " in shown
    assert "hidden" not in shown


def test_a_log_line_does_not_show_it(caplog):
    logging.getLogger(__name__).warning("%s %r", VALUE, SECRET)

    assert "hidden" not in caplog.text


def test_it_offers_no_other_way_to_its_text():
    assert not hasattr(VALUE, "__dict__")
    assert "hidden" not in str([getattr(VALUE, name, None) for name in dir(VALUE) if not name.startswith("_")])
    for misuse in (len, iter, bytes, int, "".join):
        with pytest.raises(TypeError):
            misuse(VALUE)
    with pytest.raises(TypeError):
        VALUE + "x"


def test_it_equals_another_with_the_same_text_and_never_a_bare_text():
    assert SecretValue(HIDDEN) == VALUE
    assert hash(SecretValue(HIDDEN)) == hash(VALUE)
    assert SecretValue("hush") != VALUE
    assert VALUE != HIDDEN
    assert VALUE != None  # noqa: E711 - the operator is what is tested


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_is_revealed_and_compared_as_it_is(one, other):
    assert SecretValue(one).reveal() == one
    assert (SecretValue(one) == SecretValue(other)) is (one == other)


def test_a_lone_surrogate_is_compared_without_a_fault():
    assert SecretValue("\ud800") == SecretValue("\ud800")


def test_an_empty_value_is_not_taken_for_none():
    assert bool(SecretValue("")) is True


def test_a_file_does_not_show_its_content():
    seen = Fingerprint(device=1, inode=1, size=6, mtime_ns=1_999_999, sha256=b"")
    file = LegacyFile(
        ref=LegacyRef(Root.CONFIG, "tokens/reviewer"),
        content=HIDDEN.encode(),
        mode=0o600,
        links=1,
        fingerprint=seen,
    )

    assert "hidden" not in f"{file} {file!r} {[file]}"
    assert "11 bytes" in repr(file)
    assert file.mtime_ms == 1


def test_a_key_is_neither_shown_nor_pickled():
    raw = b"hush-hidden-hush-hidden-hush-hid"
    key = MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source="a test")

    assert "hidden" not in f"{key} {key!r} {key.material} {key.material!r}"
    for protocol in PROTOCOLS:
        with pytest.raises(TypeError):
            pickle.dumps(key, protocol)


def test_a_fingerprint_is_16_hex_digits_and_tells_keys_apart():
    one, other = fingerprint(bytes(32)), fingerprint(bytes(31) + b"\x01")

    assert one != other
    assert len(one) == 16
    assert bytes.fromhex(one)


@pytest.mark.parametrize("forge", ["", "GitLab", "bitbucket", "gitlab\n"])
def test_an_oauth_token_is_of_a_forge_we_know(forge):
    with pytest.raises(Invalid):
        replace(TOKEN, forge_type=forge)


@pytest.mark.parametrize("text", ["", "a\x00b", "\ud800"], ids=ascii)
def test_an_oauth_token_is_text_that_every_store_can_hold(text):
    with pytest.raises(Invalid):
        replace(TOKEN, access_token=SecretValue(text))


def test_the_same_credentials_are_the_same_secrets_whatever_is_said_beside_them():
    assert TOKEN.same_credentials(replace(TOKEN, scopes=("api",), expires_at=1_800_000_000_000, version=9))
    assert not TOKEN.same_credentials(replace(TOKEN, refresh_token=None))
    assert not TOKEN.same_credentials(replace(TOKEN, access_token=SecretValue("other")))
