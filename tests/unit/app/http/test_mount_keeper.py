"""The thread that keeps token mounts: it goes on whatever happens, says each thing once, and ends when it is told."""

import logging
import threading

import pytest

from adapters.memory import MemoryMountWatch
from app.audit import SERVICE, current_actor
from app.http import mount_keeper
from app.http.mount_keeper import MountKeeper
from app.usecases.mounts.reconcile import Reconciled
from domain.errors import Busy, DeliveryFailed, Integrity

PATIENCE_S = 10


class Loop:
    """Stands for the use case: does what is next on its list, and says when it is through with it."""

    def __init__(self, *results):
        self.results = list(results)
        self.calls = []
        self.through = threading.Event()
        self.closed = False

    def __call__(self, *, thorough=False):
        self.calls.append((thorough, current_actor()))
        if not self.results:
            self.through.set()
            return Reconciled()
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def close_idle(self):
        self.closed = True


@pytest.fixture(autouse=True)
def _at_once(mocker):
    mocker.patch.object(mount_keeper, "_EVERY_S", 0.001)


def run(*results, watch=None):
    loop = Loop(*results)
    keeper = MountKeeper(loop, watch or MemoryMountWatch())
    keeper.start()
    assert loop.through.wait(PATIENCE_S)
    assert keeper.stop(PATIENCE_S)
    return loop


def test_the_first_pass_is_thorough_and_all_are_the_services():
    loop = run(Reconciled(), Reconciled())

    assert loop.calls[:3] == [(True, SERVICE), (False, SERVICE), (False, SERVICE)]
    assert loop.closed


@pytest.mark.parametrize("error", [Busy("locked"), RuntimeError("a fault of ours")])
def test_what_fails_is_tried_again(error):
    assert len(run(error, error).calls) >= 3


def test_a_fault_that_stays_is_told_once_and_again_when_it_comes_back(caplog):
    caplog.set_level(logging.INFO, "strongroom.mounts")
    full = Reconciled(faults=[DeliveryFailed("full")])
    run(full, full, Reconciled(acts=["delivered"]), full)

    assert [record.message for record in caplog.records] == [
        "token mount: full",
        "token mount: delivered",
        "token mount: full",
    ]


def test_an_error_that_names_a_secret_is_told_without_it(caplog):
    error = Integrity("agent_token:reviewer does not open")
    run(error)
    run(Reconciled(faults=[error]))

    said = "token mount: a stored value does not open: damaged"
    assert [record.message for record in caplog.records] == [said, said]


def test_a_keeper_that_was_never_begun_has_ended():
    assert MountKeeper(Loop(), MemoryMountWatch()).stop(0)


def test_the_end_of_a_process_is_not_waited_for_to_the_next_pass(mocker):
    mocker.patch.object(mount_keeper, "_EVERY_S", 3_600)
    watch = MemoryMountWatch()
    watch.ended.add("p7")

    assert len(run(Reconciled(processes={"p7"}), watch=watch).calls) >= 2
