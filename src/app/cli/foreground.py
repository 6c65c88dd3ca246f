"""Run a command in the foreground, as if it had been called in our place: its signals, its terminal, its exit code."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from app.cli.output import say

_PASSED_ON = frozenset(
    {
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGWINCH,
        signal.SIGCONT,
    }
)
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_NOT_FOUND, _NOT_EXECUTABLE, _BY_SIGNAL = 127, 126, 128
"""As a shell says it (POSIX, 2.8.2)."""


@contextmanager
def signals_waiting() -> Iterator[set[signal.Signals]]:
    """Let the signals that are passed on wait, for a `with` block; gives those that were blocked before.

    What comes before there is a command waits for it, and what comes behind it does not keep us from clearing up.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # who ignores it, as we may have been told to, has no exit codes
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD})
    try:
        yield {signal.Signals(number) for number in before}
    finally:
        while signal.sigtimedwait(_PASSED_ON, 0) is not None:
            pass  # they were meant for the command, which has ended
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run(command: Sequence[str], environment: Mapping[str, str], blocked: set[signal.Signals]) -> int:
    """Run `command` inside of `signals_waiting`, which gave `blocked`; returns its exit code, or 128 and its signal."""
    try:
        pid = os.posix_spawnp(command[0], [*command], environment, setsigmask=blocked, setsigdef=_IGNORED_BY_PYTHON)
    except OSError as error:
        say(f"strongroom: error: the command cannot be run: {error.strerror}")  # not which: an argument may be a secret
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
    _tell_of_end(pid)
    while True:
        met = signal.sigwaitinfo({*_PASSED_ON, signal.SIGCHLD})
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _BY_SIGNAL - code
        if met.si_signo != signal.SIGCHLD and not _is_from_terminal(met):
            os.kill(pid, met.si_signo)


def _tell_of_end(pid: int) -> None:
    """Have this thread be sent SIGCHLD when a child ends: the kernel may send it to a thread that ignores it."""
    waiting = threading.get_ident()

    def tell() -> None:
        with suppress(ChildProcessError):  # it was told, and is no child any more
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            signal.pthread_kill(waiting, signal.SIGCHLD)

    threading.Thread(target=tell, name="end-of-command", daemon=True).start()


def _is_from_terminal(met: signal.struct_siginfo) -> bool:
    """A terminal sends to its whole foreground group, of which the command is one."""
    return met.si_code > 0
