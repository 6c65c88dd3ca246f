"""A service in a process of its own keeps house, goes on through a restore, and ends in time with a job under way."""

import signal
import threading
import time

import httpx2
import pytest

from tests.integration.backups.restorable import NOW, THEN, TOKEN, Machine
from tests.integration.http.served import ready, serving
from tests.support.ports import free_port

HASTE = """
import app.http.housekeeper
app.http.housekeeper.AFTER_START_MS = {}
app.http.housekeeper._LOOK_EVERY_S = 0.1
"""
"""An addition: jobs do not wait after the start."""

A_BACKUP_THAT_HANGS = """
import threading
def hang(**_asked):
    say("hangs")
    threading.Event().wait(1_000)
container.unaudited_backups().create = hang
"""
"""An addition: making a backup never ends."""

PATIENCE_S = 60


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path).set_up()


@pytest.fixture
def flags(machine):
    return {**{name: str(value) for name, value in machine.given.items()}, "port": free_port()}


@pytest.fixture
def client(machine, flags):
    with machine.opened() as state:
        _, token = state.container.create_api_token()("test", ("admin",))
        state.secrets.set(TOKEN, THEN)
        machine.backup = state.container.backups().create().file
        state.secrets.set(TOKEN, NOW)
    with httpx2.Client(
        base_url=f"http://127.0.0.1:{flags['port']}", headers={"Authorization": f"Bearer {token.reveal()}"}
    ) as client:
        yield client


def until(found):
    """Ask until there is an answer: what is asked is in another process."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        answer = found()
        if answer:
            return answer
        threading.Event().wait(0.05)
    raise AssertionError("it did not come in time")


def jobs(client):
    return {each["name"]: each for each in client.get("/jobs").json()["jobs"]}


def test_the_jobs_run_and_their_standing_is_told_everywhere(client, flags, machine):
    with serving(flags, HASTE) as process:
        assert ready(client)
        standing = until(
            lambda: all(each["last_success_at"] or not each["every"] for each in jobs(client).values()) and jobs(client)
        )
        metrics = client.get("/metrics").text
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0

    assert not [each for each in standing.values() if each["last_error"]]
    for name, each in standing.items():
        if each["every"]:
            assert f'strongroom_job_last_success_timestamp_seconds{{job="{name}"}}' in metrics
            assert f'strongroom_job_next_run_timestamp_seconds{{job="{name}"}}' in metrics
        assert f'strongroom_job_failures{{job="{name}"}} 0.0' in metrics


def test_a_service_that_is_told_to_end_while_a_job_hangs_ends_in_time(client, flags):
    with serving(flags, HASTE + A_BACKUP_THAT_HANGS) as process:
        assert ready(client)
        until(lambda: process.stdout.readline().strip() == "hangs")
        ordered = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE_S)

    assert code == 0
    assert time.monotonic() - ordered < 20


def test_a_served_service_goes_on_with_what_was_restored(client, flags, machine):
    with serving(flags) as process:
        assert ready(client)
        assert client.get(f"/secrets/{TOKEN}/value").json()["value"] == NOW

        machine.restore()

        assert client.get(f"/secrets/{TOKEN}/value").json()["value"] == THEN
        assert client.put(f"/secrets/{TOKEN}", json={"value": NOW}).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert machine.held()[0] == NOW
