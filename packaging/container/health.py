"""Exit with 0 if the service in this container is ready. Its Unix socket is asked: TLS and ports do not change that."""

import os
import socket
import sys

PATIENCE_S = 5.0
REQUEST = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
READY = b" 200 "


def is_ready(path: str) -> bool:
    """Ask the service behind the socket at `path`. Nobody there is not ready."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(PATIENCE_S)
            asking.connect(path)
            asking.sendall(REQUEST)
            with asking.makefile("rb") as answer:
                return READY in answer.readline()
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not is_ready(os.environ["STRONGROOM_SOCKET"]))
