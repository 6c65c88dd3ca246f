"""What everything does that looks at a database as a whole."""

import pytest

from adapters.crypto import create_sealing_key
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.api_tokens import ApiToken
from domain.audit import Action
from domain.instants import DAY_MS
from domain.migrations import LedgerEntry
from domain.ports import Census
from domain.ports.database_checkup import Drift
from tests.contracts.legacy_archive import a_file
from tests.support.recipes import a_master_key

VALUES = 8
"""How many sealed values `stores.fill` stores."""

KEY = "gitlab:coder:acme/web:7"


def an_api_token(now):
    return ApiToken(id="1", name="ci", prefix="srt_", digest=b"d" * 32, grants=("read:/livez",), created_at=now)


def an_entry(now):
    return LedgerEntry(migration_id="012", digest="d" * 64, file="penpot-token", records=1, imported_at=now)


def make_a_data_key(stores):
    stores.keys.activate(create_sealing_key(a_master_key(), stores.clock.now()))


STAMPED = {
    "a secret is set": lambda stores: stores.secrets.set("name:x", "first"),
    "a secret is set again": lambda stores: stores.secrets.set("name:b", "another"),
    "a secret is deleted": lambda stores: stores.secrets.delete("name:b"),
    "a version is destroyed": lambda stores: stores.history.destroy("name:b", 1),
    "a file is archived": lambda stores: stores.archive.keep(a_file(content=b"new")),
    "a value comes in": lambda stores: stores.ledger.record(an_entry(stores.clock.now())),
    "an API token is made": lambda stores: stores.api_tokens.add(an_api_token(stores.clock.now())),
    "a data key is made": make_a_data_key,
    "an event is recorded": lambda stores: stores.audit.record("cli:somebody", Action.LOGIN, "dashboard"),
}


class DatabaseCheckupContract:
    """Subclasses override `bare`, a look at a database without any row, and `stores` with its `checkup`.

    `stores` have a clock, every store that writes down an instant, and `fill`, `expose`, `next_key`,
    `break_up`, `lose` and `take_in`.
    """

    @pytest.fixture
    def bare(self):
        raise NotImplementedError

    @pytest.fixture
    def stores(self):
        raise NotImplementedError

    @pytest.fixture
    def checkup(self, stores):
        return stores.checkup

    def test_the_engine_has_a_name_and_a_version(self, bare):
        assert bare.engine().version.strip()

    @pytest.mark.parametrize("thorough", [False, True])
    def test_a_sound_database_has_no_faults(self, bare, thorough):
        assert bare.faults(thorough=thorough) == []

    @pytest.mark.parametrize("thorough", [False, True])
    def test_a_fault_of_the_structure_is_told_on_a_line(self, stores, checkup, thorough):
        stores.break_up(1)

        (fault,) = checkup.faults(thorough=thorough)
        assert fault.splitlines() == [fault]

    @pytest.mark.parametrize("thorough", [False, True])
    def test_of_very_many_faults_ten_are_told(self, stores, checkup, thorough):
        stores.break_up(25)

        assert len(checkup.faults(thorough=thorough)) == 10

    def test_a_database_as_it_was_made_does_not_drift(self, bare, checkup):
        assert bare.drift() == checkup.drift() == Drift()

    def test_what_is_missing_and_what_is_not_ours_is_drift(self, stores, checkup):
        stores.lose("setting")
        stores.lose("api_token.last_used_at")
        stores.take_in("visitors")
        stores.take_in("guests")

        drift = checkup.drift()

        assert {*drift.missing} == {"setting", "api_token.last_used_at"}
        assert (len(drift.missing), drift.foreign) == (2, ("guests", "visitors"))

    def test_in_an_empty_database_nothing_is_counted(self, bare):
        assert bare.census() == Census(by_key={}, unsealed=0)

    def test_every_sealed_value_counts_for_the_key_that_it_names(self, stores, checkup):
        stores.fill()

        assert checkup.census() == Census(by_key={stores.active: VALUES}, unsealed=0)

    def test_values_count_for_two_keys_while_one_takes_over(self, stores, checkup):
        stores.fill()
        former = stores.next_key()
        moved = stores.rows.reseal(former, limit=1)

        assert moved < VALUES
        assert checkup.census() == Census(by_key={former: VALUES - moved, stores.active: moved}, unsealed=0)

    def test_plaintext_is_counted_apart_whatever_key_its_row_names(self, stores, checkup):
        stores.fill()
        stores.expose()

        assert checkup.census() == Census(by_key={stores.active: VALUES - 1}, unsealed=1)

    def test_without_a_row_there_is_no_newest_instant(self, bare):
        assert bare.newest() is None

    @pytest.mark.parametrize("act", STAMPED)
    def test_the_newest_instant_is_when_something_was_written_last(self, stores, checkup, act):
        stores.fill()
        stores.clock.advance(DAY_MS)

        STAMPED[act](stores)

        assert checkup.newest() == stores.clock.now() == NOON + DAY_MS

    def test_instants_that_others_say_do_not_count(self, stores, checkup):
        later = NOON + 900 * DAY_MS
        stores.secrets.set("name:x", "first", expires_at=later)
        stores.sessions.set(KEY, "session", used_at=later)

        assert checkup.newest() == NOON
