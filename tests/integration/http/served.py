"""The real server in a process of its own: started as a person, or as a service manager, starts it."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager

PROGRAM = """
import json, sys
from app.boot import open_service
from app.http.server import serve
from app.setting_sources import load_settings
from domain.errors import DomainError

say = lambda line: print(line, flush=True)
container = open_service(load_settings({}, json.loads(sys.argv[1])))
# more
try:
    sys.exit(serve(container, say=say, on_report=lambda report: say([s.file for s in report.attention])))
except DomainError as error:
    print(error.code, error.message, sep=": ", flush=True)
    sys.exit(99)
"""

LAUNCHER = """
import fcntl, os, sys
passed = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 100) for each in sys.argv[1].split()]
for number, each in enumerate(passed):
    os.dup2(each, 3 + number)
    os.close(each)
for name in ("LISTEN_PID", "WATCHDOG_PID"):
    if os.environ.get(name) == "ours":
        os.environ[name] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[2:]])
"""

A_MIGRATION_THAT_WAITS = """
class WaitingLock:
    def hold(self, **_):
        sys.stdin.readline()
        return contextlib.nullcontext()

import contextlib
container.lock.override(WaitingLock())
"""
"""An addition: the boot migrations wait for a line on standard input."""

PATIENCE = """
import app.http.ending, app.http.orderly_server, app.http.server
app.http.server.GRACE_S = app.http.orderly_server.GRACE_S = {0}
app.http.ending.Ending.__init__.__kwdefaults__["grace_s"] = {0}
app.http.ending.LAST_S = app.http.orderly_server.LAST_S = {1}
"""
"""An addition: how long requests may go on, and then the rest."""

ROUTES = """
import asyncio, os, threading, time
import app.http.server
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def on_the_loop(_request):
    say("began"), time.sleep(1_000)

async def beside_the_loop(_request):
    say("began")
    await asyncio.sleep(1_000)

async def in_a_thread(_request):
    say("began")
    await run_in_threadpool(time.sleep, 1_000)

def refresh():
    with container.refresh_connection()._turns["gitlab"]:
        say("began")
        sys.stdin.readline()
        say("saved")

async def refreshing(_request):
    await run_in_threadpool(refresh)
    return PlainTextResponse("refreshed")

def with_more(*given, _build=app.http.server.build_app, **more):
    built = _build(*given, **more)
    built.router.routes[:0] = [
        Route(f"/{each.__name__}", each) for each in (on_the_loop, beside_the_loop, in_a_thread, refreshing)
    ]
    return built

app.http.server.build_app = with_more
"""
"""An addition: handlers that hang, each in its way."""


def program(*additions):
    """Return the program with some more lines in it."""
    return PROGRAM.replace("# more", "".join(additions), 1)


def command(flags, *additions, passed=()):
    """Return the command line of a server; what is `passed` stands for descriptors 3 and up."""
    numbers = " ".join(str(each.fileno()) for each in passed)
    return [sys.executable, "-c", LAUNCHER, numbers, program(*additions), json.dumps(flags)]


@contextmanager
def serving(flags, *additions, until="listening on ", passed=(), environ=None):
    """Run the server for a `with` block; its output is read up to the first line that starts with `until`."""
    given = {**os.environ, **(environ or {})}
    if passed:
        given |= {"LISTEN_PID": "ours", "LISTEN_FDS": str(len(passed))} | (environ or {})
    with subprocess.Popen(
        command(flags, *additions, passed=passed),
        env=given,
        pass_fds=[each.fileno() for each in passed],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            if until:
                read_to(process, until)
            yield process
        finally:
            process.kill()


def refused(flags, *additions, passed=(), environ=None):
    """Run a server that does not start, and return the line in which it says why."""
    with serving(flags, *additions, until=None, passed=passed, environ=environ) as process:
        said, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (99, ""), (said, errors)
    return said.splitlines()[-1]


def read_to(process, start):
    """Read what a process says up to a line with that start, and return the lines."""
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(start):
            return lines
    raise AssertionError(f"it ended after {lines}: {process.stderr.read()}")


def ready(client):
    return any(client.get("/readyz").status_code == 200 for _ in range(1_000))


def wait_until_refused(port, path=None):
    """Return when nobody listens on a port of ours any more, nor on the Unix socket at `path`."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        except ConnectionError:
            break
    while path:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(path)
            except OSError:
                return
