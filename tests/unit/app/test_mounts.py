"""Token mounts in memory: opened whole or not at all, refreshed by every change, reconciled after whatever happened."""

from dataclasses import replace

import pytest

from adapters.memory.mount_watch import MYSELF
from domain.errors import Busy, Conflict, DatabaseUnusable, DeliveryFailed, Integrity, MountRefused, NotFound
from domain.mounts import LINGER_MS, REVIVAL_MS, WAIT_MS, Mounted, Owner, Reader, State
from tests.support.memory_service import MemoryService

ME = Owner(0, 0)
FILE = "tokens/reviewer"
NAME = "agent_token:reviewer"
PENPOT = "penpot_api_token"


class House(MemoryService):
    """The service in memory, with a token of the reviewer and one of Penpot."""

    def __init__(self):
        super().__init__()
        self.secrets.set(NAME, "tok-1")
        self.secrets.set(PENPOT, "pen-1")

    def open(self, agent="reviewer", owner=ME, **how):
        return self.container.open_mount()(agent, owner, **how)

    def reconcile(self, **how):
        return self.container.reconcile_mounts()(**how)

    def complaints(self):
        return [fault.message for fault in self.reconcile().faults]

    def token(self, file=FILE, agent="reviewer"):
        found = self.mounts.content(agent, file)
        return None if found is None else found.decode()

    def read_by(self, pid=7, agent="reviewer", mounted=Mounted.DIRECTORY, started_at=None):
        at = self.clock.now() if started_at is None else started_at
        reader = Reader(agent=agent, pid=pid, process=f"p{pid}", started_at=at, mounted=mounted)
        self.watch.present.append(reader)
        return reader

    def look(self, agent="reviewer"):
        return next((view for view in self.container.look_at_mounts()() if view.agent == agent), None)

    @property
    def events(self):
        return [(event.action, event.detail) for event in self.audit.list(limit=100)][::-1]


@pytest.fixture
def house():
    return House()


def test_an_open_mount_holds_both_tokens_and_a_receipt_of_each(house):
    opened = house.open()

    assert (house.token(), house.token("penpot-token")) == ("tok-1", "pen-1")
    assert (opened.agent, opened.files) == ("reviewer", (FILE, "penpot-token"))
    entry = house.register.find("reviewer")
    assert [(each.file, each.secret, each.version) for each in entry.deliveries] == [
        (FILE, NAME, 1), ("penpot-token", PENPOT, 1),
    ]  # fmt: skip


def test_what_is_handed_out_is_written_down_first_and_without_the_value(house):
    house.before["token_mount.write"] = lambda: house.calls.append(f"events: {len(house.events)}")
    house.open()

    assert house.events == [
        ("mount.open", "for the user 0, in tmpfs"),
        ("mount.deliver", f"{NAME}, version 1"),
        ("mount.deliver", f"{PENPOT}, version 1"),
    ]
    assert [call for call in house.calls if call.startswith("events")] == ["events: 2", "events: 3"]


def test_a_mount_is_entered_before_its_secret_is_read(house):
    house.open()

    assert house.calls.index("mount_register.keep") < [i for i, c in enumerate(house.calls) if c == "secrets.get"][1]


def test_a_mount_without_a_token_of_penpot_has_none(house):
    house.secrets.delete(PENPOT)
    house.open()

    assert (house.token(), house.token("penpot-token")) == ("tok-1", None)


def test_an_agent_without_a_token_has_no_mount(house):
    house.secrets.delete(NAME)

    with pytest.raises(NotFound, match="reviewer has no token to mount: that secret was deleted"):
        house.open()
    assert (house.register.all(), house.token("penpot-token")) == ([], None)


@pytest.mark.parametrize(
    ("call", "error", "from_call"),
    [
        ("token_mount.write", DeliveryFailed("full"), 1),
        ("token_mount.write", DeliveryFailed("full"), 2),
        ("mount_register.keep", DeliveryFailed("full"), 1),
        ("mount_register.keep", DeliveryFailed("full"), 2),
        ("audit.record", DatabaseUnusable("full"), 1),
        ("secrets.get", Integrity("damaged"), 1),
        ("secrets.get", Integrity("damaged"), 2),
    ],
)
def test_a_mount_that_cannot_be_filled_is_not_opened(house, call, error, from_call):
    house.fail(call, error, from_call=from_call)

    with pytest.raises(type(error)):
        house.open()
    assert (house.register.all(), house.token(), house.token("penpot-token")) == ([], None, None)


def test_where_there_is_no_memory_nothing_is_opened(house):
    house.mounts.is_refused = True

    with pytest.raises(MountRefused):
        house.open()
    assert house.register.all() == []


def test_a_mount_that_is_open_stays_as_it_is_if_it_cannot_be_opened_once_more(house):
    house.open()
    before = house.register.find("reviewer")
    house.fail("audit.record", DatabaseUnusable("full"))

    with pytest.raises(DatabaseUnusable):
        house.open()
    assert (house.register.find("reviewer"), house.token()) == (before, "tok-1")


def test_a_mount_has_one_owner_at_a_time(house):
    house.open()

    with pytest.raises(Conflict):
        house.open(owner=Owner(1000, 1000))
    house.container.close_mount()("reviewer")
    house.open(owner=Owner(1000, 1000))


@pytest.mark.parametrize("face", ["secrets", "library_secrets"])
def test_a_change_is_in_the_mount_before_it_is_answered(house, face):
    house.open()
    store = getattr(house.container, face)()

    store.set(NAME, "tok-2")
    assert house.token() == "tok-2"
    store.set(PENPOT, "pen-2")
    assert house.token("penpot-token") == "pen-2"
    store.delete(NAME)
    assert house.token() is None
    house.container.secret_history().undelete(NAME)
    assert house.token() == "tok-2"
    house.container.rollback_secret()(NAME, 1)
    assert house.token() == "tok-1"


def test_a_change_of_another_secret_touches_no_mount(house):
    house.open()
    house.calls.clear()

    house.container.secrets().set("plain", "value")
    house.container.secrets().set("agent_token:coder", "value")

    assert not {call for call in house.calls if call.startswith("token_mount")}


def test_a_lost_compare_touches_no_mount(house):
    house.open()
    house.calls.clear()

    with pytest.raises(Conflict):
        house.container.secrets().set(NAME, "tok-2", expected_version=9)
    assert (house.token(), "token_mount.write" in house.calls) == ("tok-1", False)


def test_a_change_that_does_not_get_there_stands_and_is_told_and_tried_again(house):
    house.open()
    house.fail("token_mount.write", DeliveryFailed("no room"))

    with pytest.raises(DeliveryFailed, match="no room"):
        house.container.secrets().set(NAME, "tok-2")
    assert (house.secrets.get(NAME).version, house.token()) == (2, "tok-1")
    assert house.look().faults == ["no room", f"{FILE} holds version 1, which is not the newest"]

    assert house.complaints() == ["no room"]
    house.before.clear()
    assert house.reconcile().acts == [f"reviewer: {FILE}: version 2"]
    assert (house.token(), house.look().faults) == ("tok-2", [])


def test_a_change_while_the_mounts_are_locked_is_told_as_one_that_did_not_get_there(house):
    house.open()
    house.fail("mounts_lock.hold", Busy("locked"))

    with pytest.raises(DeliveryFailed, match="locked"):
        house.container.secrets().set(NAME, "tok-2")
    assert house.secrets.get(NAME).version == 2


def test_a_change_that_cannot_be_written_down_is_not_handed_out(house):
    house.open()
    house.fail("audit.record", DatabaseUnusable("no log"))

    with pytest.raises(DeliveryFailed, match="no log"):
        house.container.library_secrets().set(NAME, "tok-2")
    assert house.token() == "tok-1"


def test_a_reconcile_where_all_is_well_writes_nothing(house):
    house.open()
    house.read_by()
    house.reconcile()
    house.calls.clear()
    events = house.events

    done = house.reconcile()

    assert (done.acts, done.faults, done.processes) == ([], [], {"p7"})
    assert not {"token_mount.write", "mount_register.keep", "secrets.get"} & set(house.calls)
    assert house.events == events


def test_what_was_changed_elsewhere_is_brought_by_the_loop(house):
    house.open()
    house.secrets.set(NAME, "tok-2")

    assert house.reconcile().acts == [f"reviewer: {FILE}: version 2"]
    assert house.token() == "tok-2"


def test_a_token_that_expires_leaves_the_mount(house):
    house.secrets.set(NAME, "tok-2", expires_at=house.clock.now() + 1_000)
    house.open()
    house.read_by()
    house.clock.advance(1_000)

    assert house.reconcile().acts == [f"reviewer: {FILE}: gone"]
    assert house.token() is None


def test_a_mount_ends_a_moment_after_its_last_process(house):
    house.open()
    house.read_by()
    house.reconcile()
    house.watch.ended.add("p7")
    assert house.reconcile().lingering == ["reviewer"]
    assert house.token() == "tok-1"
    house.clock.advance(LINGER_MS)

    assert house.reconcile().acts == ["reviewer: ended, and its tokens are wiped"]
    assert (house.token(), house.look().state) == (None, State.ENDED)
    assert house.events[-1] == ("mount.close", "its last process has ended")


def test_a_container_that_comes_back_is_given_its_tokens_again(house):
    test_a_mount_ends_a_moment_after_its_last_process(house)
    house.secrets.set(NAME, "tok-2")
    house.read_by(pid=8)

    assert house.reconcile().acts[0] == "reviewer: its container is back"
    assert (house.token(), house.token("penpot-token")) == ("tok-2", "pen-1")


def test_a_mount_that_ended_long_ago_is_forgotten(house):
    test_a_mount_ends_a_moment_after_its_last_process(house)
    house.clock.advance(REVIVAL_MS)
    house.reconcile()

    assert house.register.all() == []


def test_a_mount_that_nobody_came_for_ends(house):
    house.open()
    house.clock.advance(WAIT_MS)
    house.reconcile()
    house.clock.advance(LINGER_MS)
    house.reconcile()

    assert (house.token(), house.look().state) == (None, State.ENDED)


def test_a_broken_log_keeps_no_token_where_nobody_is(house):
    house.open()
    house.read_by()
    house.reconcile()
    house.watch.ended.add("p7")
    house.reconcile()
    house.clock.advance(LINGER_MS)
    house.fail("audit.record", Integrity("the log was edited"))

    assert house.complaints() == ["the log was edited"]
    assert (house.token(), house.token("penpot-token")) == (None, None)


def test_a_wipe_that_fails_is_tried_again(house):
    house.open()
    house.fail("token_mount.wipe", DeliveryFailed("read-only"))

    with pytest.raises(DeliveryFailed):
        house.container.close_mount()("reviewer")
    assert house.events[-1] == ("mount.close", "closed")
    house.before.clear()
    assert house.reconcile(thorough=True).acts == [
        f"reviewer/{name}: belonged to no mount, and is wiped" for name in ("penpot-token", FILE)
    ]


def test_a_mount_that_was_closed_stays_closed(house):
    house.open()
    house.read_by()
    house.container.close_mount()("reviewer")

    assert house.reconcile(thorough=True).acts == []
    assert (house.token(), house.look().state) == (None, State.CLOSED)
    assert house.look().faults == ["process 7 has a mount that is closed"]
    assert not house.container.close_mount()("reviewer")


def test_what_a_command_holds_lives_as_long_as_it_does(house):
    house.open(held=True)
    house.clock.advance(10 * WAIT_MS)
    house.reconcile()
    assert house.token() == "tok-1"

    house.container.close_mount().let_go("reviewer")
    assert (house.token(), house.register.all()) == (None, [])


def test_a_command_that_was_killed_holds_nothing(house):
    house.open(held=True)
    house.watch.ended.add(MYSELF)
    house.reconcile()
    house.clock.advance(LINGER_MS)
    house.reconcile()

    assert house.token() is None


def test_two_commands_of_one_process_hold_a_mount_twice(house):
    house.open(held=True)
    house.open(held=True)
    house.container.close_mount().let_go("reviewer")
    assert house.token() == "tok-1"
    house.container.close_mount().let_go("reviewer")
    assert house.token() is None


def test_a_command_leaves_to_others_what_they_wait_for(house):
    house.open()
    house.open(held=True)
    house.container.close_mount().let_go("reviewer")

    assert house.token() == "tok-1"


def test_letting_go_of_what_was_closed_meanwhile_is_nothing(house):
    house.open(held=True)
    house.container.close_mount()("reviewer")
    house.container.close_mount().let_go("reviewer")

    assert house.register.all() == []


def test_one_mount_that_fails_keeps_nothing_from_another(house):
    house.secrets.set("agent_token:coder", "tok-c")
    house.open()
    house.open("coder")
    house.secrets.set("agent_token:coder", "tok-c2")
    house.secrets.set(NAME, "tok-2")
    house.fail("token_mount.write", DeliveryFailed("once"))
    real = house.before["token_mount.write"]

    def only_the_first():
        house.before.clear()
        real()

    house.before["token_mount.write"] = only_the_first
    done = house.reconcile()

    assert [fault.message for fault in done.faults] == ["once"]
    assert (house.token(), house.token("tokens/coder", "coder")) == ("tok-2", "tok-c")


def test_a_container_is_stale_once_its_token_was_replaced(house):
    house.open()
    old = house.read_by()
    house.clock.advance(5_000)
    house.container.secrets().set(NAME, "tok-2")
    new = house.read_by(pid=8)

    view = house.look()
    assert [view.is_stale(reader) for reader in view.readers] == [True, False]
    assert house.container.look_at_mounts().stale(NAME) == [old]
    assert house.container.look_at_mounts().stale("plain") == []
    assert new in view.readers


@pytest.mark.parametrize(
    ("mounted", "said"), [(Mounted.FILE, "a single file"), (Mounted.DELETED, "what is not there any more")]
)
def test_what_is_mounted_wrongly_is_said(house, mounted, said):
    house.open()
    house.read_by(mounted=mounted)

    (fault,) = house.look().faults
    assert said in fault


def test_the_line_end_of_a_file_stays_with_its_secret(house):
    house.container.line_ends().note(NAME, "\n")
    house.open()
    house.container.secrets().set(NAME, "tok-2")
    assert house.token() == "tok-2\n"

    house.container.line_ends().note(NAME, "")
    house.container.secrets().set(NAME, "tok-3")
    assert house.token() == "tok-3"


def test_the_check_up_tells_of_memory_faults_and_stale_containers(house):
    examine = house.container.examine_mounts()
    assert [(check.status, check.detail) for check in examine()] == [("ok", "none is open")]
    house.open()
    assert [(check.status, check.detail) for check in examine()] == [("ok", "open: reviewer")]
    house.read_by(started_at=house.clock.now() - 10_000)
    assert [check.status for check in examine()] == ["warn"]
    house.mounts.is_refused = True
    assert "is on a disk (ext4)" in examine()[0].detail


def test_a_broken_log_keeps_nobody_from_closing(house):
    house.open()
    house.fail("audit.record", Integrity("the log was edited"))

    with pytest.raises(Integrity):
        house.container.close_mount()("reviewer")
    assert (house.token(), house.token("penpot-token"), house.register.all()) == (None, None, [])


def test_memory_that_a_container_still_has_is_not_given_back(house):
    house.open()
    house.read_by()
    house.container.close_mount()("reviewer")
    house.container.reconcile_mounts().close_idle()
    assert "token_mount.release" not in house.calls

    house.watch.ended.add("p7")
    house.container.reconcile_mounts().close_idle()
    assert "token_mount.release" in house.calls


def test_what_could_not_be_wiped_at_the_end_is_swept_at_the_next_pass(house):
    house.open()
    house.clock.advance(WAIT_MS)
    house.reconcile()
    house.clock.advance(LINGER_MS)
    for call in ("token_mount.wipe", "token_mount.sweep"):
        house.fail(call, DeliveryFailed("read-only"))
    assert house.complaints() == ["read-only", "read-only"]
    assert house.token() == "tok-1"

    house.before.clear()
    assert len(house.reconcile().acts) == 2
    assert house.token() is None


@pytest.mark.parametrize("call", ["mount_register.find", "mount_register.all"])
def test_an_entry_that_cannot_be_looked_up_is_no_mount_that_is_closed(house, call):
    house.open()
    house.fail(call, DeliveryFailed("too many open files"))

    with pytest.raises(DeliveryFailed, match="too many open files"):
        house.container.secrets().set(NAME if call.endswith("find") else PENPOT, "tok-2")
    with pytest.raises(DeliveryFailed):
        house.container.reconcile_mounts()(thorough=True) if call.endswith("all") else house.open()
    assert (house.token(), "token_mount.sweep" in house.calls) == ("tok-1", False)


def test_containers_that_cannot_be_seen_end_no_mount(house):
    house.open()
    house.clock.advance(10 * WAIT_MS)
    house.fail("mount_watch.readers", DeliveryFailed("too many open files"))

    with pytest.raises(DeliveryFailed):
        house.reconcile()
    assert house.token() == "tok-1"


def test_a_command_leaves_a_container_its_way_back(house):
    test_a_mount_ends_a_moment_after_its_last_process(house)
    house.open(held=True)
    house.reconcile()
    house.container.close_mount().let_go("reviewer")
    assert "token_mount.release" not in house.calls
    assert house.token() is None

    house.read_by(pid=9)
    house.reconcile()
    assert house.token() == "tok-1"


def test_a_mount_that_cannot_be_opened_again_stays_one_that_ended(house):
    test_a_mount_ends_a_moment_after_its_last_process(house)
    before = house.register.find("reviewer")
    house.fail("token_mount.write", DeliveryFailed("full"))

    with pytest.raises(DeliveryFailed):
        house.open()
    assert (house.register.find("reviewer"), house.token()) == (before, None)


def test_an_agent_without_a_token_has_no_memory_made_for_him(house):
    house.secrets.delete(NAME)

    with pytest.raises(NotFound):
        house.open()
    assert "token_mount.prepare" not in house.calls


def test_a_number_of_a_version_that_comes_twice_is_no_disguise(house):
    house.open()
    entry = house.register.find("reviewer")
    delivery = replace(entry.deliveries[0], version=2)
    house.register.keep(replace(entry, deliveries=(delivery, *entry.deliveries[1:])))

    house.container.library_secrets().set(NAME, "another-at-version-2")

    assert house.token() == "another-at-version-2"


def test_a_container_that_comes_back_is_not_stale_for_being_given_its_token_again(house):
    test_a_mount_ends_a_moment_after_its_last_process(house)
    house.read_by(pid=8)
    house.clock.advance(5_000)
    house.reconcile()

    view = house.look()
    assert [view.is_stale(reader) for reader in view.readers] == [False]


def test_whoever_changes_a_secret_waits_for_the_mounts_for_two_seconds_at_most(house):
    waited = []
    house.open()
    real = house.container.mounts_lock()

    class Noted:
        def hold(self, *, patience_ms, on_wait=None):
            waited.append(patience_ms)
            return real.hold(patience_ms=patience_ms)

    replace(house.container.refresh_mounts(), lock=Noted())(NAME)
    assert waited == [2_000]
