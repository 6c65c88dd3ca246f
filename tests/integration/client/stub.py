"""A server that says whatever a test wants, and remembers what it was asked."""

import socket
import threading
from contextlib import contextmanager

_END = b"\r\n\r\n"


class Stub:
    """Answers each connection with `answer`, bytes as they are, and closes it."""

    def __init__(self, listener):
        self.answer = b""
        self.asked = []
        self._listener = listener
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def says(self, status, body=b"", *headers):
        head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close", *headers]
        self.answer = "\r\n".join(head).encode() + _END + body

    def problem(self, status, document, *headers):
        self.says(status, document.encode(), "Content-Type: application/problem+json", *headers)

    def run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._serve(connection)

    def _serve(self, connection):
        heard = b""
        while _END not in heard:
            more = connection.recv(65_536)
            if not more:
                return
            heard += more
        self.asked.append(heard.decode())
        connection.sendall(self.answer)


@contextmanager
def a_stub():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stub = Stub(listener)
        thread = threading.Thread(target=stub.run)
        thread.start()
        try:
            yield stub
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)
