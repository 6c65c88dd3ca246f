import json

from domain.errors import Integrity
from domain.jobs import Job


def job(client, name):
    return next(each for each in client.get("/jobs").json()["jobs"] if each["name"] == name)


def test_every_job_is_listed_with_what_it_is_for(client):
    jobs = client.get("/jobs").json()["jobs"]

    assert [each["name"] for each in jobs] == [str(name) for name in Job]
    assert all(each["purpose"] for each in jobs)
    assert job(client, "backup")["every"] == 24 * 3_600
    assert job(client, "backup")["last_run_at"] is None


def test_how_the_last_run_went_is_told(client, container):
    client.post("/backups")
    container.run_job().at_once(Job.REHEARSAL)

    found = job(client, "rehearsal")

    assert found["result"].startswith("restored agents.db.bak-")
    assert found["last_success_at"] >= found["last_run_at"]
    assert found["next_run_at"] == found["last_run_at"] + 168 * 3_600_000
    assert (found["last_error"], found["failures"], found["is_running"]) == (None, 0, False)


def test_a_failure_is_told_without_the_name_of_a_secret(client, container, monkeypatch):
    def fail():
        raise Integrity("the secret agent_token:reviewer does not open")

    monkeypatch.setitem(container.run_job().acts, Job.REHEARSAL, fail)
    container.run_job()(Job.REHEARSAL, every_ms=1)

    assert job(client, "rehearsal")["last_error"] == "a stored value does not open: damaged"
    assert "reviewer" not in json.dumps(client.get("/jobs").json())


def test_a_setting_that_is_changed_counts_at_once(client):
    assert client.patch("/settings", json={"backup_interval_hours": 0}).status_code == 200

    assert job(client, "backup")["every"] == 0
    assert job(client, "backup")["next_run_at"] is None


def test_who_may_not_read_them_sees_none(client_with):
    assert client_with("read:/sessions/*").get("/jobs").status_code == 403
