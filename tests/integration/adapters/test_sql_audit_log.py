"""What was done to the audit log from outside is found, whatever it was, and nothing is recorded over it."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from adapters.sql import SqlAuditLog, SqlSecretStore
from app.usecases.audited_secrets import AuditedSecretStore
from domain.audit import Action
from domain.errors import DatabaseUnusable, Integrity
from tests.support.races import in_threads
from tests.support.recipes import a_cipher, a_database, an_audit_log, sql_audit_log
from tests.support.sealed import Sealed

ACTIONS = (Action.SECRET_READ, Action.SECRET_WRITE, Action.DENIED, Action.OAUTH_READ)
EVENTS = 8
PRUNED = 2
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
NUMBER = st.integers(0, 2**40) | st.integers(0, EVENTS + 2)
COLUMNS = {
    "audit_event": {
        "sequence": NUMBER,
        "at": NUMBER,
        "actor": TEXT,
        "action": TEXT | st.sampled_from(ACTIONS).map(str),
        "subject": TEXT,
        "outcome": TEXT,
        "detail": TEXT | st.none(),
        "chain": TEXT | st.text("0123456789abcdef", min_size=64, max_size=64),
    },
    "audit_checkpoint": {"name": TEXT, "sequence": NUMBER, "chain": TEXT, "mac": TEXT},
}
TAKEN_BACK = (
    "UPDATE audit_checkpoint SET (sequence, chain) = (SELECT sequence, chain FROM audit_event WHERE sequence = 7)"
    " WHERE name = 'head'"
)
FIELDS = [(table, column) for table, columns in COLUMNS.items() for column in columns]


class Written:
    """A log of eight events, the first two of them pruned, and a connection of somebody else to its database."""

    def __init__(self, path, log):
        self.log = log
        self.outside = sqlite3.connect(path, isolation_level=None)

    def rows(self, table):
        return self.outside.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid").fetchall()

    def do(self, sql, *parameters):
        return self.outside.execute(sql, parameters)


def fill(log, clock):
    for number in range(EVENTS):
        clock.set(NOON + number)
        log.record(f"cli:{number}", ACTIONS[number % 4], f"secret-{number}", detail="version 1" if number % 2 else None)
    log.prune(NOON + PRUNED)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "agents.db"
    clock = ManualClock()
    with sql_audit_log(path, clock) as log:
        fill(log, clock)
        written = Written(path, log)
        with closing(written.outside):
            yield written


@pytest.fixture
def written(tmp_path):
    clock = ManualClock()
    with sql_audit_log(tmp_path / "agents.db", clock) as log:
        fill(log, clock)
        written = Written(tmp_path / "agents.db", log)
        with closing(written.outside):
            yield written


def test_the_log_that_is_tampered_with_below_verifies_before(written):
    assert written.log.verify() == []
    assert [event.sequence for event in written.log.list()] == [8, 7, 6, 5, 4, 3]


@pytest.mark.parametrize(("table", "column"), FIELDS)
@given(data=st.data())
def test_whatever_single_field_is_changed_is_found(shared, table, column, data):
    rowid, old = data.draw(
        st.sampled_from(shared.do(f"SELECT rowid, {column} FROM {table} ORDER BY rowid").fetchall()), label="row"
    )
    new = data.draw(COLUMNS[table][column], label="new value")
    assume(new != old)
    before = [shared.rows(each) for each in COLUMNS]
    shared.do("BEGIN IMMEDIATE")
    try:
        shared.do(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", new, rowid)
        changed = [shared.rows(each) for each in COLUMNS] != before
        shared.do("COMMIT")
    except sqlite3.IntegrityError:
        shared.do("ROLLBACK")
        changed = False
    assume(changed)

    faults = shared.log.verify()

    key = "sequence" if column == "sequence" and table == "audit_event" else "rowid"
    shared.do(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", old, new if key == "sequence" else rowid)
    assert faults != []
    assert shared.log.verify() == []


@pytest.mark.parametrize(
    ("dropped", "named"),
    [("3", "event 3 is missing"), ("5", "event 5 is missing"), ("8", "event 8 is missing"), ("5, 6", "events 5 to 6")],
)
def test_a_dropped_event_is_named(written, dropped, named):
    written.do(f"DELETE FROM audit_event WHERE sequence IN ({dropped})")

    (fault,) = written.log.verify()

    assert named in fault


def test_every_event_dropped_is_noticed(written):
    written.do("DELETE FROM audit_event")

    assert written.log.verify() == ["events 3 to 8 are missing"]


def test_a_dropped_event_whose_gap_was_closed_is_found(written):
    written.do("DELETE FROM audit_event WHERE sequence = 5")
    for number in (6, 7, 8):
        written.do("UPDATE audit_event SET sequence = ? WHERE sequence = ?", number - 1, number)
    written.do("UPDATE audit_checkpoint SET sequence = 7 WHERE name = 'head'")

    faults = written.log.verify()

    assert any("event 5 " in fault for fault in faults)
    assert any("head" in fault for fault in faults)


@pytest.mark.parametrize("sequence", [1, 2, 9, 12])
def test_an_added_event_is_found(written, sequence):
    written.do(
        "INSERT INTO audit_event SELECT ?, at, actor, action, subject, outcome, detail, chain FROM audit_event"
        " WHERE sequence = 8",
        sequence,
    )

    assert written.log.verify() != []


@pytest.mark.parametrize(("one", "other"), [(3, 8), (5, 6), (3, 4), (7, 8)])
def test_two_events_that_were_swapped_are_found(written, one, other):
    for old, new in ((one, 99), (other, one), (99, other)):
        written.do("UPDATE audit_event SET sequence = ? WHERE sequence = ?", new, old)

    faults = written.log.verify()

    assert any(f"event {one} " in fault for fault in faults)


def test_an_edit_accuses_its_own_event_and_no_other(written):
    written.do("UPDATE audit_event SET actor = 'cli:nobody' WHERE sequence = 5")

    assert written.log.verify() == ["event 5 is not as it was recorded, or not where"]


def test_an_action_that_nobody_knows_is_found_and_still_listed(written):
    written.do("UPDATE audit_event SET action = 'nonsense' WHERE sequence = 5")

    assert len(written.log.verify()) == 1
    assert len(written.log.list()) == 6


def test_a_text_that_cannot_be_decoded_is_found(written):
    written.do("UPDATE audit_event SET actor = CAST(x'ff' AS TEXT) WHERE sequence = 5")

    (fault,) = written.log.verify()

    assert "cannot be read" in fault


@pytest.mark.parametrize("name", ["head", "tail"])
def test_a_checkpoint_that_is_gone_is_noticed(written, name):
    written.do("DELETE FROM audit_checkpoint WHERE name = ?", name)

    assert written.log.verify() != []


@pytest.mark.parametrize(
    "deed",
    [
        "DELETE FROM audit_checkpoint WHERE name = 'head'",
        "UPDATE audit_checkpoint SET sequence = 7 WHERE name = 'head'",
        TAKEN_BACK,
        "UPDATE audit_checkpoint SET mac = (SELECT mac FROM audit_checkpoint WHERE name = 'tail') WHERE name = 'head'",
        "DELETE FROM audit_event; DELETE FROM audit_checkpoint WHERE name = 'head'",
        "DELETE FROM audit_event; DELETE FROM audit_checkpoint",
    ],
)
def test_nothing_is_recorded_over_a_head_that_was_rewritten(written, deed):
    written.outside.executescript(deed)
    before = [written.rows(table) for table in COLUMNS]

    with pytest.raises(Integrity, match="audit log was changed"):
        written.log.record("boot", Action.SECRET_READ, "a")

    assert [written.rows(table) for table in COLUMNS] == before


def test_an_older_head_put_back_is_found_by_who_knows_a_later_one(written):
    older = written.do("SELECT sequence, chain, mac FROM audit_checkpoint WHERE name = 'head'").fetchone()
    written.log.record("boot", Action.SECRET_READ, "what is to be hidden")
    known = written.log.head()

    written.do("DELETE FROM audit_event WHERE sequence = 9")
    written.do("UPDATE audit_checkpoint SET sequence = ?, chain = ?, mac = ? WHERE name = 'head'", *older)

    assert written.log.verify() == []
    assert "event 9" in written.log.verify(known=known)[0]


def test_a_log_that_was_removed_as_a_whole_is_found(written):
    known = written.log.head()
    written.outside.executescript("DELETE FROM audit_event; DELETE FROM audit_checkpoint")

    assert written.log.verify() == ["the head checkpoint is missing: the log, or all of it but its events, was removed"]
    assert "event 8" in written.log.verify(known=known)[1]


def test_pruning_in_part_launders_nothing(written):
    written.do("UPDATE audit_event SET actor = 'cli:nobody' WHERE sequence = 7")
    written.do("UPDATE audit_checkpoint SET mac = 'x' WHERE name = 'head'")

    written.log.prune(NOON + 4)

    assert written.log.verify() == [
        "the head checkpoint, at event 8, was changed",
        "event 7 is not as it was recorded, or not where",
    ]


def test_pruning_everything_begins_a_chain_that_verifies(written):
    written.do("UPDATE audit_checkpoint SET mac = 'x' WHERE name = 'head'")

    written.log.prune(NOON + EVENTS)

    assert written.log.verify() == []
    assert written.log.record("boot", Action.AUDIT_PRUNE, "audit").sequence == 9
    assert written.log.verify() == []


def test_an_event_that_cannot_be_written_is_no_event(written):
    written.do("CREATE TRIGGER no BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no'); END")

    with pytest.raises(DatabaseUnusable):
        written.log.record("boot", Action.SECRET_READ, "a")

    assert written.log.verify() == []


def test_an_act_and_its_event_are_there_together_or_not_at_all(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        vault = Sealed(database)
        log, secrets, cipher, clock = vault.audit, vault.secrets, vault.cipher, vault.clock

        with pytest.raises(ZeroDivisionError):
            store_in_vain(log, secrets)
        with database.fresh() as fresh:
            assert (SqlSecretStore(fresh, cipher, clock).list(), log.list()) == ([], [])

        with log.atomic():
            secrets.set("a", "1")
            assert secrets.get("a").value.reveal() == "1"
            with database.fresh() as fresh:
                assert SqlSecretStore(fresh, cipher, clock).list() == []
            log.record("boot", Action.SECRET_WRITE, "a")
        with database.fresh() as fresh:
            assert len(SqlSecretStore(fresh, cipher, clock).list()) == len(log.list()) == 1


def store_in_vain(log, secrets):
    with log.atomic():
        secrets.set("a", "1")
        log.record("boot", Action.SECRET_WRITE, "a")
        raise ZeroDivisionError


@pytest.mark.parametrize(("at_once", "budget"), [(1, 3), (8, 25)])
def test_a_data_key_that_is_spent_is_replaced_within_an_act(tmp_path, at_once, budget):
    with a_database(tmp_path / "agents.db") as database:
        vault = Sealed(database, seals_per_key=budget)
        log, keys, unaudited = vault.audit, vault.keys, vault.secrets
        audited = AuditedSecretStore(unaudited, log)

        def work(thread):
            for number in range(10):
                store = unaudited if thread % 2 else audited
                store.set(f"a:{thread}.{number}", str(number))

        in_threads(work, count=at_once)

        sealed = at_once * 10
        assert len(log.list(action=Action.SECRET_WRITE, limit=1_000)) == (at_once + 1) // 2 * 10
        assert len(log.list(action=Action.KEY_ROTATE, limit=1_000)) == len(keys.list()) - 2
        assert log.verify() == []
        assert len(unaudited.list()) == sealed
        assert all(unaudited.get(info.name) for info in unaudited.list())
        assert sum(key.uses for key in keys.list()) == sealed
        assert max(key.uses for key in keys.list()) <= budget


def test_an_act_that_failed_after_it_made_a_key_leaves_no_key_and_the_next_goes_on(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        vault = Sealed(database, seals_per_key=1)
        log, keys, secrets = vault.audit, vault.keys, vault.secrets
        secrets.set("first", "1")

        with pytest.raises(ZeroDivisionError):
            store_in_vain(log, secrets)
        assert len(keys.list()) == 2  # one seals, one makes keyed hashes

        secrets.set("second", "2")
        assert [secrets.get(name).value.reveal() for name in ("first", "second")] == ["1", "2"]
        assert len(keys.list()) == 3


class Interrupted:
    """A cipher that lets something happen before its first keyed hash."""

    def __init__(self, real, happens):
        self._real = real
        self._happens = happens

    def digest(self, kind, value):
        happens, self._happens = self._happens, lambda: None
        happens()
        return self._real.digest(kind, value)


def test_what_is_recorded_while_the_chain_is_walked_is_no_fault(tmp_path):
    with a_database(tmp_path / "agents.db") as database, database.fresh() as elsewhere:
        cipher, clock = a_cipher(database), ManualClock()
        other = an_audit_log(elsewhere, clock)
        other.record("boot", Action.SECRET_READ, "a")
        log = SqlAuditLog(database, Interrupted(cipher, lambda: other.record("boot", Action.SECRET_READ, "b")), clock)

        assert log.verify() == []
        assert len(log.list()) == 2
