"""The load client of `benchmarks/serving.py`: prepared bytes out, the end of the answer looked for, nothing else."""

import re
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

SESSIONS = 1_000
_PATIENCE_S = 30
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Run:
    """What one run of the load client came to."""

    answers: int
    rate: float
    p50_ms: float
    p99_ms: float
    busy: float
    """Of one processor, what the client itself used."""


@dataclass(frozen=True)
class Asked:
    """Makes the bytes of a request; in path and body `{}` is a number."""

    method: str
    path: str
    token: str = ""
    body: str = ""

    def __call__(self, number: int) -> bytes:
        path = self.path.replace("{}", str(number % SESSIONS))
        head = f"{self.method} {path} HTTP/1.1\r\nHost: localhost\r\n"
        if self.token:
            head += f"Authorization: Bearer {self.token}\r\n"
        if self.body:
            body = self.body.replace(
                "{}", f"{time.monotonic_ns():020}"
            )  # another value each time, or nothing is written
            return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        return f"{head}\r\n".encode()


def load(port: int, asked: Callable[[int], bytes], connections: int, seconds: float) -> Run:
    """Ask over some connections, on each again as soon as it is answered."""
    numbers, poll, took = count(), select.epoll(), []
    lines = {}
    for _ in range(connections):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines[line.fileno()] = line
        poll.register(line, select.EPOLLIN)
    heard = dict.fromkeys(lines, b"")
    began, busy = time.perf_counter(), time.process_time()
    sent = {}
    for number, line in lines.items():
        sent[number] = time.perf_counter()
        line.sendall(asked(next(numbers)))
    while (now := time.perf_counter()) < began + seconds:
        for number, _ in poll.poll(_PATIENCE_S):
            heard[number] += lines[number].recv(65_536)
            if _is_whole(heard[number]):
                now = time.perf_counter()
                took.append(now - sent[number])
                heard[number], sent[number] = b"", now
                lines[number].sendall(asked(next(numbers)))
    busy = (time.process_time() - busy) / (now - began)
    for line in lines.values():
        line.close()
    took.sort()
    return Run(
        len(took), len(took) / (now - began), took[len(took) // 2] * 1_000, took[len(took) * 99 // 100] * 1_000, busy
    )


def _is_whole(heard: bytes) -> bool:
    head, blank, body = heard.partition(b"\r\n\r\n")
    if not blank:
        return False
    assert head.startswith(b"HTTP/1.1 200"), head
    return len(body) >= int(_LENGTH.search(head)[1])
