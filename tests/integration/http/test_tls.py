"""TLS: what is refused before anything listens, and real handshakes with the server."""

import os
import signal
import socket
import ssl
import subprocess
import sys

import httpx2
import pytest

from app.boot import open_service
from app.http.tls import tls_context
from app.setting_sources import load_settings
from domain.errors import Invalid
from tests.integration.http.certificates import write_certificate
from tests.integration.http.served import PATIENCE, read_to, ready, refused, serving
from tests.support.ports import free_port


@pytest.fixture
def pair(tmp_path):
    return write_certificate(tmp_path)


@pytest.fixture
def flags(tmp_path, pair):
    named = {"tls_cert_file": str(pair[0]), "tls_key_file": str(pair[1])}
    return {"state_dir": str(tmp_path / "state"), "config_dir": str(tmp_path / "config"), "port": free_port(), **named}


@pytest.fixture
def trust(pair):
    return ssl.create_default_context(cafile=pair[0])


def context_of(tmp_path, certificate, key):
    warnings = []
    settings = load_settings(
        {}, {"state_dir": tmp_path, "config_dir": tmp_path, "tls_cert_file": certificate, "tls_key_file": key}
    )
    return tls_context(settings, warn=warnings.append), warnings


def refusal(tmp_path, certificate, key):
    with pytest.raises(Invalid) as refused:
        context_of(tmp_path, certificate, key)
    assert refused.value.advice
    return refused.value.message


def test_without_files_there_is_no_tls(tmp_path):
    assert context_of(tmp_path, None, None) == (None, [])


def test_a_certificate_and_its_key_are_taken_in_silence(tmp_path, pair):
    context, warnings = context_of(tmp_path, *pair)

    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert warnings == []


def test_a_key_that_its_group_may_read_is_taken_in_silence(tmp_path, pair):
    pair[1].chmod(0o640)

    assert context_of(tmp_path, *pair)[1] == []


def test_a_key_that_every_user_may_read_is_a_warning(tmp_path, pair):
    pair[1].chmod(0o644)

    (warning,) = context_of(tmp_path, *pair)[1]

    assert warning == f"every user of this machine may open the TLS key {pair[1]}: `chmod o= {pair[1]}`"


def test_one_file_without_the_other_is_refused(tmp_path, pair):
    assert refusal(tmp_path, pair[0], None) == "STRONGROOM_TLS_CERT_FILE is set and STRONGROOM_TLS_KEY_FILE is not"
    assert refusal(tmp_path, None, pair[1]) == "STRONGROOM_TLS_KEY_FILE is set and STRONGROOM_TLS_CERT_FILE is not"


@pytest.mark.parametrize("which", [0, 1])
def test_a_file_that_cannot_be_read_is_named(tmp_path, pair, which):
    pair[which].unlink()
    missing = refusal(tmp_path, *pair)
    pair[which].mkdir()

    assert missing.endswith(f"cannot read {pair[which]}: No such file or directory")
    assert refusal(tmp_path, *pair).endswith(f"cannot read {pair[which]}: Is a directory")


def test_the_key_of_another_certificate_is_refused(tmp_path, pair):
    _, other = write_certificate(tmp_path, "other")

    assert refusal(tmp_path, pair[0], other) == f"{other} is not the key of {pair[0]}"


@pytest.mark.parametrize("content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused(tmp_path, pair, content):
    pair[0].write_bytes(content)

    assert refusal(tmp_path, *pair) == f"STRONGROOM_TLS_CERT_FILE: {pair[0]} holds no certificate"


@pytest.mark.parametrize(
    "content", [b"", b"hunter2", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path, pair, content):
    pair[1].write_bytes(content)

    message = refusal(tmp_path, *pair)

    assert message.startswith(f"{pair[1]} and {pair[0]} cannot be used: ")
    assert "hunter2" not in message


def test_an_encrypted_key_is_refused_without_asking_anybody(tmp_path):
    certificate, key = write_certificate(tmp_path, "sealed", password=b"hunter2")

    assert "the key is encrypted" in refusal(tmp_path, certificate, key)


def test_the_command_ends_with_2_for_files_that_do_not_fit(tmp_path, pair):
    environ = {**os.environ, "HOME": str(tmp_path), "STRONGROOM_TLS_CERT_FILE": str(pair[0])}

    done = subprocess.run(
        [sys.executable, "-m", "app", "serve"], env=environ, capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 2
    assert "STRONGROOM_TLS_KEY_FILE" in done.stderr


def test_it_serves_over_tls_on_every_address_and_plainly_on_the_unix_socket(flags, trust, tmp_path):
    path = tmp_path / "s.sock"
    container = open_service(load_settings({}, flags))
    token = container.create_api_token()("t", ("admin",))[1].reveal()
    container.database().close()

    with (
        serving(flags | {"socket": str(path), "host": "0.0.0.0"}, until="listening on unix:"),
        httpx2.Client(base_url=f"https://127.0.0.1:{flags['port']}", verify=trust) as stranger,
        httpx2.Client(base_url="http://strongroom", transport=httpx2.HTTPTransport(uds=str(path))) as peer,
    ):
        assert ready(stranger)
        assert ready(peer)
        assert stranger.get("/secrets").status_code == 401
        assert stranger.get("/secrets", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert peer.put("/secrets/a", json={"value": "x"}).status_code == 201


def test_the_address_that_is_shown_says_https_behind_a_warning(flags, pair):
    pair[1].chmod(0o644)

    with serving(flags, until=None) as process:
        lines = read_to(process, "listening on ")

    assert lines[0].startswith("warning: every user of this machine may open the TLS key ")
    assert lines[1] == f"listening on https://127.0.0.1:{flags['port']}"


def test_off_loopback_without_tls_is_refused(flags):
    plain = {name: value for name, value in flags.items() if not name.startswith("tls_")}

    assert "is not loopback" in refused(plain | {"host": "0.0.0.0"})


def test_nobody_speaks_less_than_tls_1_2(flags, pair):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(pair[0])
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    with (
        serving(flags),
        socket.create_connection(("127.0.0.1", flags["port"]), timeout=10) as connection,
        pytest.raises(ssl.SSLError, match=r"EOF|PROTOCOL_VERSION"),
    ):
        old.wrap_socket(connection, server_hostname="localhost")


def test_who_speaks_plainly_to_tls_leaves_no_trace_in_the_log(flags, trust):
    with serving(flags) as process, httpx2.Client(verify=trust) as client:
        with socket.create_connection(("127.0.0.1", flags["port"]), timeout=10) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = connection.recv(1_000)
        alive = client.get(f"https://127.0.0.1:{flags['port']}/livez").status_code
        process.send_signal(signal.SIGTERM)
        code, errors = process.wait(30), process.stderr.read()

    assert not answer.startswith(b"HTTP/")
    assert (alive, code, errors) == (200, 0, "")


def test_a_client_that_keeps_its_connection_does_not_hold_up_the_end(flags, trust):
    with (
        serving(flags, PATIENCE.format(600, 600)) as process,
        httpx2.Client(verify=trust) as client,
    ):
        assert client.get(f"https://127.0.0.1:{flags['port']}/livez").status_code == 200
        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 0
