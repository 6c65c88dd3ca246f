import os
import socket
import ssl
import stat

import pytest

from app.http.listening import listening
from app.setting_sources import load_settings
from domain.errors import Busy, Invalid
from tests.support.ports import free_port


def settings_of(tmp_path, **flags):
    return load_settings({}, {"state_dir": tmp_path, "config_dir": tmp_path, "port": free_port(), **flags})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "strongroom.sock"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", "127.0.0.1.example.org", "127.1", ""])
def test_an_address_off_loopback_is_refused(tmp_path, host):
    settings = settings_of(tmp_path)
    object.__setattr__(settings, "host", host)

    with pytest.raises(Invalid) as refused, listening(settings):
        pass

    assert "STRONGROOM_BEHIND_PROXY" in refused.value.advice


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost"])
def test_loopback_is_served(tmp_path, host):
    settings = settings_of(tmp_path, host=host)

    with listening(settings) as (listener,):
        assert listener.address == f"http://{host}:{settings.port}"
        socket.create_connection((host if host != "localhost" else "127.0.0.1", settings.port)).close()


def test_what_is_accepted_answers_without_delay(tmp_path):
    with listening(settings_of(tmp_path)) as (listener,):
        assert listener.socket.proto == socket.IPPROTO_TCP  # asyncio sets TCP_NODELAY for no other


def test_behind_a_proxy_every_address_is_served(tmp_path):
    with listening(settings_of(tmp_path, host="0.0.0.0", behind_proxy="1")) as (listener,):
        assert listener.address.startswith("http://0.0.0.0:")


def test_with_tls_every_address_is_served(tmp_path):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    with listening(settings_of(tmp_path, host="0.0.0.0"), tls=tls) as (listener,):
        assert listener.address.startswith("https://0.0.0.0:")
        assert listener.tls is tls


def test_a_unix_socket_is_never_wrapped_in_tls(tmp_path, path):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    with listening(settings_of(tmp_path, socket=path), tls=tls) as (tcp, unix):
        assert (tcp.tls, unix.tls) == (tls, None)


def test_an_address_in_use_is_named(tmp_path):
    settings = settings_of(tmp_path)

    with listening(settings), pytest.raises(Busy) as refused, listening(settings):
        pass

    assert refused.value.message == f"the address 127.0.0.1:{settings.port} is in use"


def test_an_address_of_another_machine_is_invalid(tmp_path):
    settings = settings_of(tmp_path, host="192.0.2.1", behind_proxy="1")

    with pytest.raises(Invalid) as refused, listening(settings):
        pass

    assert "cannot listen on 192.0.2.1" in refused.value.message


def test_without_port_and_socket_there_is_nothing_to_listen_on(tmp_path):
    with pytest.raises(Invalid), listening(settings_of(tmp_path, port=0)):
        pass


def test_a_unix_socket_is_for_us_alone_and_leaves_with_us(tmp_path, path):
    mask = os.umask(0)
    os.umask(mask)

    with listening(settings_of(tmp_path, port=0, socket=path)) as (listener,):
        mode = stat.S_IMODE(path.lstat().st_mode)
        address = listener.address

    assert (mode, address) == (0o600, f"unix:{path}")
    assert not path.exists()
    assert os.umask(mask) == mask


def test_a_dead_socket_is_replaced(tmp_path, path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    with listening(settings_of(tmp_path, port=0, socket=path)), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_socket_that_somebody_listens_on_is_busy(tmp_path, path):
    settings = settings_of(tmp_path, port=0, socket=path)

    with listening(settings):
        with pytest.raises(Busy), listening(settings):
            pass
        assert path.exists()


def test_a_file_in_the_place_of_the_socket_is_left_alone(tmp_path, path):
    path.write_text("precious")

    with pytest.raises(Invalid), listening(settings_of(tmp_path, port=0, socket=path)):
        pass

    assert path.read_text() == "precious"


@pytest.mark.parametrize("place", ["missing/strongroom.sock", "x" * 200])
def test_a_place_that_cannot_hold_a_socket_is_invalid(tmp_path, place):
    with pytest.raises(Invalid), listening(settings_of(tmp_path, port=0, socket=tmp_path / place)):
        pass


def test_a_failure_at_the_second_socket_closes_the_first(tmp_path, path):
    path.write_text("in the way")
    settings = settings_of(tmp_path, socket=path)

    with pytest.raises(Invalid), listening(settings):
        pass

    path.unlink()
    with listening(settings) as listeners:
        assert len(listeners) == 2


def bound(host="127.0.0.1", family=socket.AF_INET):
    server = socket.socket(family)
    server.bind((host, 0))
    server.listen()
    return server


def test_sockets_that_are_passed_replace_ours(tmp_path, path):
    settings, passed = settings_of(tmp_path, socket=path), bound()

    with listening(settings, passed=[passed]) as (listener,):
        assert listener.socket is passed
        assert listener.address == f"http://127.0.0.1:{passed.getsockname()[1]}"
        assert not path.exists()

    assert passed.fileno() == -1


@pytest.mark.parametrize(("host", "family"), [("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6)])
def test_a_passed_socket_off_loopback_is_refused_as_ours_would_be(tmp_path, host, family):
    settings, passed = settings_of(tmp_path), bound(host, family)

    with pytest.raises(Invalid) as refused, listening(settings, passed=[passed]):
        pass

    assert "is not loopback" in refused.value.message
    assert passed.fileno() == -1


@pytest.mark.parametrize("more", [{"behind_proxy": "1"}, {"tls": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}])
def test_a_passed_socket_off_loopback_is_served_where_nobody_reads_along(tmp_path, more):
    tls = more.pop("tls", None)

    with listening(settings_of(tmp_path, **more), tls=tls, passed=[bound("0.0.0.0")]) as (listener,):
        assert listener.address.startswith("https://0.0.0.0:" if tls else "http://0.0.0.0:")
        assert listener.tls is tls


def test_a_passed_unix_socket_stays_plain_and_its_file_stays(tmp_path, path):
    passed = socket.socket(socket.AF_UNIX)
    passed.bind(str(path))
    passed.listen()

    with listening(settings_of(tmp_path), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), passed=[passed]) as (listener,):
        assert (listener.address, listener.tls) == (f"unix:{path}", None)

    assert path.exists()


def test_a_passed_unix_socket_without_a_file_is_shown_as_systemd_writes_it(tmp_path):
    passed = socket.socket(socket.AF_UNIX)
    passed.bind(f"\0{tmp_path}/s")
    passed.listen()

    with listening(settings_of(tmp_path), passed=[passed]) as (listener,):
        assert listener.address == f"unix:@{tmp_path}/s"
