import os
import socket

import pytest

from adapters.system import SystemdServiceManager


@pytest.fixture
def heard(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(30)
        yield server


def environ_of(heard, **more):
    return {"NOTIFY_SOCKET": heard.getsockname(), **more}


def test_each_fact_is_a_datagram(heard):
    manager = SystemdServiceManager(environ_of(heard))

    manager.status("moving")
    manager.needs(1.5)
    manager.ready()
    manager.alive()
    manager.stopping()

    facts = [heard.recv(1_000) for _ in range(5)]
    assert facts == [b"STATUS=moving", b"EXTEND_TIMEOUT_USEC=1500000", b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_status_is_one_line_and_cannot_say_another_fact(heard):
    SystemdServiceManager(environ_of(heard)).status("one\nREADY=1\r\n" + "x" * 10_000)

    fact = heard.recv(20_000)
    assert fact.startswith(b"STATUS=one READY=1 xxx")
    assert b"\n" not in fact
    assert len(fact) < 600


def test_the_variables_are_read_once_and_removed(heard):
    environ = environ_of(heard, WATCHDOG_PID=str(os.getpid()), WATCHDOG_USEC="30000000", HOME="/")

    manager = SystemdServiceManager(environ)

    assert environ == {"HOME": "/"}
    assert manager.patience_s == 30


def test_a_watchdog_that_names_no_process_is_ours(heard):
    assert SystemdServiceManager(environ_of(heard, WATCHDOG_USEC="500000")).patience_s == 0.5


@pytest.mark.parametrize("usec", ["", "0", "-1", "1e6", "soon", "9" * 40, "\u0661"])
def test_a_patience_that_is_no_number_is_none(heard, usec):
    assert SystemdServiceManager(environ_of(heard, WATCHDOG_USEC=usec)).patience_s is None


def test_the_watchdog_of_another_process_is_not_ours(heard):
    assert SystemdServiceManager(environ_of(heard, WATCHDOG_PID="1", WATCHDOG_USEC="1")).patience_s is None


def test_where_nobody_asked_there_is_no_watchdog():
    assert SystemdServiceManager({"WATCHDOG_USEC": "1000000"}).patience_s is None


def test_a_manager_that_has_gone_is_told_in_vain(heard, tmp_path):
    manager = SystemdServiceManager(environ_of(heard))
    heard.close()
    manager.ready()
    (tmp_path / "notify").unlink()

    manager.ready()


def test_a_manager_that_does_not_read_is_told_in_vain(heard):
    manager = SystemdServiceManager(environ_of(heard))

    for _ in range(5_000):
        manager.alive()

    assert heard.recv(1_000) == b"WATCHDOG=1"
