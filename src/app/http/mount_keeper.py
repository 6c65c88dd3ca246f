"""Token mounts while the service runs: reconciled each second, and as soon as a process that has one ends."""

import logging
import threading

from app.audit import SERVICE, acting_as
from app.usecases.mounts.reconcile import Reconciled, ReconcileMounts
from domain.errors import DomainError
from domain.ports import MountWatch

_EVERY_S = 1.0

_log = logging.getLogger("strongroom.mounts")


class MountKeeper:
    """A thread that keeps all mounts where they should be. Whatever goes wrong is told once, and tried again.

    It goes by processes and versions; a job compares every file with its secret.
    """

    def __init__(self, reconcile: ReconcileMounts, watch: MountWatch) -> None:
        self._reconcile = reconcile
        self._watch = watch
        self._stop = threading.Event()
        self._told: list[str] = []
        self._thread = threading.Thread(target=self._run, name="mount-keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End, with the memory given back if nothing is open; tells whether that is done in time."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with acting_as(SERVICE):
            done = self._pass(thorough=True)
            while not self._stop.is_set():
                self._rest(done)
                done = self._pass()
            self._close_idle()

    def _pass(self, *, thorough: bool = False) -> Reconciled:
        try:
            done = self._reconcile(thorough=thorough)
        except DomainError as error:
            done = Reconciled(faults=[error])
        except Exception as error:  # noqa: BLE001 - a thread that dies would leave tokens behind
            done = Reconciled(faults=[DomainError(f"internal error: {type(error).__name__}")])
        self._tell(done)
        return done

    def _tell(self, done: Reconciled) -> None:
        for act in done.acts:
            _log.info("token mount: %s", act)
        faults = [fault.nameless for fault in done.faults]
        for fault in faults:
            if fault not in self._told:
                _log.warning("token mount: %s", fault)
        self._told = faults

    def _rest(self, done: Reconciled) -> None:
        """Wait until something has to be done: a process that has a mount ended, or the time is over."""
        if done.processes:
            self._watch.wait(done.processes, timeout_ms=int(_EVERY_S * 1_000))
        else:
            self._stop.wait(_EVERY_S)

    def _close_idle(self) -> None:
        try:
            self._reconcile.close_idle()
        except DomainError as error:
            _log.warning("token mount: %s", error.nameless)
