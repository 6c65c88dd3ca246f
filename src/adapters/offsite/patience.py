"""How long a server is waited for that has stopped, while it is sent something."""

import socket


def expect_progress(connection: socket.socket, patience_s: float) -> None:
    """Have the kernel end a connection when what is sent does not get through: `TCP_USER_TIMEOUT` of tcp(7).

    The libraries wait for answers with patience, but for ever until they could send what they ask.
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(patience_s * 1_000))
