"""More connections than the service has places or descriptors for."""

import socket
from contextlib import ExitStack, contextmanager, suppress

import pytest

from app.http.doors import MOST_TCP, MOST_UNIX, places_within
from tests.integration.http.served import read_to, serving
from tests.integration.http.test_slow_peers import DEADLINES, NEVER, rest_of
from tests.integration.http.test_stopping import read_answer
from tests.support.ports import free_port

DESCRIPTORS = 256
FEW = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}))
"""
NOTHING_KEPT_BACK = """
import app.http.doors
app.http.doors.FOR_THE_REST = -100_000
"""
PATIENT = DEADLINES.format(NEVER, NEVER, NEVER)
PLACES = {is_unix: places.most for is_unix, places in places_within(DESCRIPTORS).items()}
LOOK = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def flags(tmp_path):
    return {
        "state_dir": str(tmp_path / "state"),
        "config_dir": str(tmp_path / "config"),
        "port": free_port(),
        "socket": str(tmp_path / "s.sock"),
    }


@contextmanager
def crowd(number, connect):
    with ExitStack() as stack:
        yield [stack.enter_context(connect()) for _ in range(number)]


@pytest.fixture
def over_tcp(flags):
    return lambda: socket.create_connection(("127.0.0.1", flags["port"]), timeout=20)


@pytest.fixture
def on_unix(flags):
    def connect():
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(flags["socket"])
        return connection

    return connect


@contextmanager
def server(flags, *additions):
    """Run a server that has few descriptors, and whose deadlines are far away."""
    with serving(flags, FEW, PATIENT, *additions, until="listening on unix:") as process:
        yield process
        process.terminate()
        process.said = process.stderr.read()


def is_alive(connection):
    connection.sendall(LOOK)
    read_answer(connection)
    return True


def answers(connect):
    """Tell whether there is a place for one more."""
    with connect() as connection, suppress(ConnectionError):
        connection.sendall(LOOK)
        return connection.recv(1_000) != b""
    return False


def test_who_finds_no_place_over_tcp_is_sent_away_and_the_unix_socket_answers(flags, over_tcp, on_unix):
    with server(flags) as process, crowd(3 * DESCRIPTORS, over_tcp) as peers, on_unix() as neighbour:
        assert {rest_of(each) for each in peers[PLACES[False] :]} == {b""}
        assert is_alive(neighbour)
        assert all(is_alive(each) for each in peers[: PLACES[False]])

    assert set(process.said.splitlines()) == {f"all {PLACES[False]} places for peers over TCP are taken"}
    assert len(process.said.splitlines()) < DESCRIPTORS / 4


def test_who_finds_no_place_at_the_unix_socket_leaves_those_over_tcp(flags, over_tcp, on_unix):
    with server(flags), crowd(DESCRIPTORS, on_unix) as peers, over_tcp() as neighbour:
        assert {rest_of(each) for each in peers[PLACES[True] :]} == {b""}
        assert is_alive(neighbour)


def test_a_place_is_free_again_once_a_connection_is_closed(flags, over_tcp):
    with server(flags), crowd(PLACES[False], over_tcp) as peers:
        assert all(is_alive(each) for each in peers)
        peers[0].close()

        assert any(answers(over_tcp) for _ in range(1_000))


def test_no_descriptor_is_one_line_at_a_time_and_passes(flags, over_tcp):
    with server(flags, NOTHING_KEPT_BACK) as process:
        with crowd(2 * DESCRIPTORS, over_tcp) as peers:
            assert is_alive(peers[0])
            said = process.stderr.readline()
        with over_tcp() as later:
            assert is_alive(later)

    assert said == "a connection cannot be accepted now: Too many open files\n"
    assert set(process.said.splitlines()) <= {said.strip()}


def test_the_limit_on_open_files_is_raised_as_far_as_it_may_be(flags):
    tell = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 1_000))
say = lambda _line: print("limits", *resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)
"""
    with serving(flags, tell, until=None) as process:
        assert read_to(process, "limits")[-1] == "limits 1000 1000"


@pytest.mark.parametrize(
    ("descriptors", "tcp", "unix"),
    [(4_096, MOST_TCP, MOST_UNIX), (1_024, MOST_TCP, MOST_UNIX), (542, 250, 100), (256, 45, 18), (3, 1, 1)],
)
def test_few_descriptors_are_shared_out(descriptors, tcp, unix):
    places = places_within(descriptors)

    assert (places[False].most, places[True].most) == (tcp, unix)
