"""A rotation while threads and another process read and write: every value reads at each step, no write is lost."""

import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from adapters.crypto import AesGcmCipher
from app.boot import open_service
from app.usecases import rotate_data_keys
from domain.audit import Action
from domain.errors import Conflict
from domain.keys import KeyPurpose, KeyState
from tests.support.backed_up import sql
from tests.support.legacy_home import LegacyHome, close

SECRETS = 120
BATCH = 20
NEW_MASTER = "f9643712ef4169d4"
_PATIENCE_S = 60
_WRITER = """
import sys, threading
from app import open_state
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
with open_state(state_dir=sys.argv[1], config_dir=sys.argv[2]) as state:
    print("open", flush=True)
    written = 0
    while not stop.is_set():
        written += 1
        state.secrets.set("elsewhere:counter", str(written))
        assert state.secrets.get("elsewhere:counter").value.reveal() == str(written)
        assert state.secrets.get("name:7").value.reveal() == "value-7"
    print(written, flush=True)
"""


@pytest.fixture
def service(tmp_path):
    container = open_service(LegacyHome(tmp_path / "home").settings())
    for number in range(SECRETS):
        container.unaudited_secrets().set(f"name:{number}", f"value-{number}")
    yield container
    close(container)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(rotate_data_keys, "BATCH", BATCH)


def sealing_keys(service):
    return {key.id: key for key in service.data_keys().list() if key.purpose is KeyPurpose.SEAL}


class Crowd:
    """Threads of this process, each with a job that it repeats until the end; a fault in one is raised at the end."""

    def __init__(self):
        self.stop = threading.Event()
        self.faults = []
        self.rounds = []

    @contextmanager
    def at_work(self, *jobs):
        threads = [threading.Thread(target=self._repeat, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(_PATIENCE_S)
        assert self.faults == []

    def _repeat(self, job):
        rounds = 0
        try:
            while not self.stop.is_set():
                job(rounds)
                rounds += 1
        except Exception as fault:  # noqa: BLE001 - it is told by the test
            self.faults.append(fault)
        self.rounds.append(rounds)


@contextmanager
def another_process(service):
    """One that writes and reads all the time; its number of writes is appended to what is given."""
    settings, counts = service.settings(), []
    command = [sys.executable, "-c", _WRITER, str(settings.state_dir), str(settings.config_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "open\n"
        yield counts
        out, _ = process.communicate(timeout=_PATIENCE_S)
        counts.append(int(out))
    assert process.returncode == 0


def test_readers_and_writers_go_on_and_no_write_is_lost(service):
    secrets, written = service.unaudited_secrets(), {}

    def read(number):
        name = number % SECRETS
        assert secrets.get(f"name:{name}").value.reveal() == f"value-{name}"

    def write(number):
        secrets.set(f"new:{number % 5}", str(number))
        written[f"new:{number % 5}"] = str(number)

    def rewrite(number):
        secrets.set(f"name:{number % SECRETS}", f"value-{number % SECRETS}")

    with another_process(service) as elsewhere, Crowd().at_work(read, read, write, rewrite):
        done = [service.rotate_data_keys()() for _ in range(3)]

    assert all(rotation.damage == () and len(rotation.retired) == 1 for rotation in done)
    assert {name: secrets.get(name).value.reveal() for name in written} == written
    assert secrets.get("elsewhere:counter").version == elsewhere[0]
    assert service.sealed_rows().verify() == []
    assert service.sealed_rows().count_by_key().keys() == {done[-1].new_key}
    it_adds_up(service)


def it_adds_up(service):
    """What the keys have sealed is what was ever stored, and no less than what is stored now."""
    counts = service.sealed_rows().count_by_key()
    stored = dict(sql(service.settings().sqlite_path, "SELECT key_id, count(*) FROM secret_version GROUP BY key_id"))
    assert counts == stored
    for key_id, key in sealing_keys(service).items():
        assert counts.get(key_id, 0) <= key.uses
        assert key.state is not KeyState.RETIRED or counts.get(key_id, 0) == 0


def test_at_every_step_every_value_reads_and_the_counts_add_up(service):
    sealed_rows, keys, total = service.sealed_rows(), service.data_keys(), SECRETS
    (former,) = sealing_keys(service)
    from adapters.crypto import create_sealing_key

    keys.activate(create_sealing_key(service.master_key(), service.clock().now()), instead_of=former)
    for step in range(1, SECRETS // BATCH + 1):
        assert sealed_rows.reseal(former, limit=BATCH) == BATCH
        counts = sealed_rows.count_by_key()
        assert (counts.get(former, 0), sum(counts.values())) == (total - step * BATCH, total)
        assert sealed_rows.verify() == []
        if counts.get(former):
            with pytest.raises(Conflict):
                keys.retire(former)
    keys.retire(former)

    values = [service.unaudited_secrets().get(f"name:{number}").value.reveal() for number in range(SECRETS)]
    assert values == [f"value-{number}" for number in range(SECRETS)]


def test_one_row_left_keeps_the_old_key(service):
    (former,) = sealing_keys(service)
    path = service.settings().sqlite_path
    sql(path, "UPDATE secret_version SET sealed = zeroblob(70) WHERE rowid = 60")

    done = service.rotate_data_keys()()

    assert (done.kept, done.retired, done.resealed) == ((former,), (), SECRETS - 1)
    assert sql(path, "SELECT count(*) FROM secret_version WHERE key_id = ?", former) == [(1,)]
    with pytest.raises(Conflict):
        service.data_keys().retire(former)


def test_two_rotations_at_once_are_one(service, tmp_path):
    from domain.errors import Busy

    home = LegacyHome(tmp_path / "home")
    other = open_service(home.settings())
    with service.rotation_lock().hold(patience_ms=0), pytest.raises(Busy):
        other.rotate_data_keys()()
    close(other)


def changed_elsewhere(tmp_path):
    """The master key is changed by another process, so to speak."""
    other = open_service(LegacyHome(tmp_path / "home").settings())
    (tmp_path / "new.key").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
    try:
        return other.change_master_key()(str(tmp_path / "new.key"))
    finally:
        close(other)


def test_a_rotation_goes_on_when_the_master_key_is_changed_by_another_process(service, tmp_path):
    changed_elsewhere(tmp_path)

    done = service.rotate_data_keys()()

    assert (done.resealed, done.damage) == (SECRETS, ())
    assert service.unaudited_secrets().set("name:0", "value-0") == 2
    assert {key.master_fingerprint for key in service.data_keys().list()} == {NEW_MASTER}


@pytest.fixture
def small_budget(mocker):
    """The first data key is spent once the secrets are stored."""
    mocker.patch.object(AesGcmCipher, "seals_per_key", SECRETS)


@pytest.mark.usefixtures("small_budget")
def test_a_service_that_lived_through_a_change_of_the_master_key_makes_the_next_data_key(tmp_path, request):
    service = request.getfixturevalue("service")
    changed_elsewhere(tmp_path)

    service.secrets().set("name:0", "value-0")

    assert service.unaudited_secrets().get("name:0").value.reveal() == "value-0"
    assert {key.master_fingerprint for key in service.data_keys().list()} == {NEW_MASTER}
    assert [event.outcome for event in service.audit().list(action=Action.KEY_ROTATE)] == ["ok"]


def test_a_backup_names_the_master_key_that_opens_it(service, tmp_path):
    before = service.unaudited_backups().create()
    changed_elsewhere(tmp_path)

    assert before.key_fingerprint == service.master_key().fingerprint
    assert service.unaudited_backups().create().key_fingerprint == NEW_MASTER


def test_how_data_keys_were_wrapped_before_is_in_no_file_while_the_service_runs(service, tmp_path):
    former = [key.wrapped for key in service.data_keys().list()]
    change = changed_elsewhere(tmp_path)

    database = service.settings().sqlite_path
    left = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert [wrapped for wrapped in former if wrapped in left] == []
    assert all("still in its files" not in step for step in change.next_steps)


def test_a_reader_that_keeps_them_in_the_log_is_told_as_something_left_to_do(service, tmp_path, mocker):
    mocker.patch("adapters.sql.opening.BUSY_TIMEOUT_S", 0.1)
    with service.database().snapshot():
        service.data_keys().list()
        change = changed_elsewhere(tmp_path)

    assert "stop and start the service" in change.next_steps[0]
