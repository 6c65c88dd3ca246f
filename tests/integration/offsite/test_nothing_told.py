"""No fault elsewhere tells a secret of the options, nor what a library or a server said; and it is told in time."""

import logging

import pytest

from adapters.offsite import FsspecOffsiteStore
from domain.errors import Invalid, Unreachable
from tests.contracts.offsite_store import FILE, fetched, push
from tests.integration.offsite.lines import silence
from tests.integration.offsite.s3_server import BUCKET
from tests.integration.offsite.sftp_server import SftpServer
from tests.support.forge_server import says
from tests.support.oauth_server import a_told_forge, said_in

CANARY = "SENTINEL"
SECRETS = {"key": "SENTINEL-key", "secret": "SENTINEL-secret", "token": "SENTINEL-token"}


@pytest.fixture
def said(caplog):
    """Everything that was logged, as loudly as it can be."""
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text


def fails(store, said, kind=Unreachable):
    """Fail in every way to use a place, and return what was told."""
    acts = (store.list, lambda: push(store), lambda: store.manifest(FILE), lambda: fetched(store))
    told = set()
    for act in acts:
        with pytest.raises(kind) as caught:
            act()
        assert type(caught.value) is kind
        assert caught.value.__cause__ is caught.value.__context__ is None
        told.add(caught.value.message)
    assert CANARY not in said() + repr(store) + str(told) + said_in(caught.value)
    assert "Traceback" not in said()
    return " / ".join(told)


def s3(server, bucket=BUCKET, **options):
    return FsspecOffsiteStore(
        f"s3://{bucket}/copies", options={**server.options, **options}, recipients=(), patience_s=1
    )


def sftp(server, url=None, **options):
    return FsspecOffsiteStore(url or server.url, options={**server.options, **options}, recipients=(), patience_s=1)


@pytest.mark.parametrize("wrong", [("secret",), ("key", "secret"), ("key", "secret", "token")])
def test_credentials_that_s3_refuses_are_not_told(s3_server, said, wrong):
    assert "let us in" in fails(s3(s3_server, **{name: SECRETS[name] for name in wrong}), said)


def test_a_bucket_that_is_not_ours_is_told_by_its_name(s3_server, said):
    assert "the bucket others" in fails(s3(s3_server, "others"), said)


def test_an_s3_server_that_is_gone_is_told(s3_server, said):
    assert "EndpointConnectionError" in fails(s3(s3_server, endpoint_url="http://127.0.0.1:1", **SECRETS), said)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "InternalError", "SENTINEL"])
@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_what_an_s3_server_says_is_not_told(s3_server, said, status, code):
    body = f"<Error><Code>{code}</Code><Message>SENTINEL</Message><RequestId>SENTINEL</RequestId></Error>"
    with a_told_forge() as server:
        server.answer = says(status, body.encode())
        fails(s3(s3_server, endpoint_url=server.url, **SECRETS), said)


def test_what_answers_and_is_no_s3_is_told(shared_sftp_server, s3_server, said):
    fails(s3(s3_server, endpoint_url=f"http://127.0.0.1:{shared_sftp_server.port}", **SECRETS), said)


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_an_s3_server_that_never_answers_is_not_waited_for(s3_server, said):
    with silence() as port:
        fails(s3(s3_server, endpoint_url=f"http://127.0.0.1:{port}", **SECRETS), said)


def test_a_password_that_sftp_refuses_is_not_told(shared_sftp_server, said):
    options = {"known_hosts": shared_sftp_server.options["known_hosts"], "password": SECRETS["secret"]}
    store = FsspecOffsiteStore(shared_sftp_server.url, options=options, recipients=())

    assert "let us in" in fails(store, said)


def test_the_passphrase_of_a_key_is_not_told(shared_sftp_server, said):
    shared_sftp_server.make_key("locked", passphrase="another")
    key = str(shared_sftp_server.root / "locked")

    fails(sftp(shared_sftp_server, key_filename=key, passphrase=SECRETS["secret"]), said)


def test_an_sftp_server_that_is_gone_is_told(shared_sftp_server, said):
    url = "sftp://someone@127.0.0.1:1/copies"

    assert "the SFTP server 127.0.0.1" in fails(sftp(shared_sftp_server, url, password=SECRETS["secret"]), said)


def test_what_answers_and_is_no_sftp_is_told(shared_sftp_server, s3_server, said):
    url = f"sftp://someone@127.0.0.1:{s3_server.port}/copies"

    fails(sftp(shared_sftp_server, url, password=SECRETS["secret"]), said)


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_an_sftp_server_that_never_answers_is_not_waited_for(shared_sftp_server, said):
    with silence() as port:
        url = f"sftp://someone@127.0.0.1:{port}/copies"
        fails(sftp(shared_sftp_server, url, password=SECRETS["secret"]), said)


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_server_that_lets_us_in_and_says_nothing_more_is_not_waited_for(tmp_path, said):
    server = SftpServer(tmp_path, subsystem="/bin/sleep 120")
    server.start()
    try:
        fails(sftp(server), said)
    finally:
        server.stop()


@pytest.mark.parametrize(
    "options", [{"SENTINEL": 1}, {"config_kwargs": {"SENTINEL": "SENTINEL"}}, {"host": "SENTINEL"}]
)
@pytest.mark.parametrize("make", [s3, sftp])
def test_options_that_a_place_does_not_take_are_not_told(request, said, make, options):
    server = request.getfixturevalue("s3_server" if make is s3 else "shared_sftp_server")

    assert "STRONGROOM_OFFSITE_OPTIONS_FILE" in fails(make(server, **options), said, Invalid)
