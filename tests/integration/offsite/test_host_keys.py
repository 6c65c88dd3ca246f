"""SFTP servers are known before anything is said to them: nothing is pushed to a stranger, and no password told."""

import pytest

from adapters.offsite import FsspecOffsiteStore
from domain.errors import Invalid, Unreachable
from tests.contracts.offsite_store import push


def store(server, **options):
    return FsspecOffsiteStore(server.url, options={**server.options, **options}, recipients=())


def refused(server, **options):
    with pytest.raises(Unreachable) as caught:
        push(store(server, **options))
    assert not server.directory.exists()
    return caught.value


@pytest.fixture
def asked(sftp_server):
    """Tell whether somebody tried to be let in."""
    return lambda: "userauth" in (sftp_server.root / "log").read_text()


@pytest.fixture(autouse=True)
def _talkative(sftp_server):
    sftp_server.stop()
    sftp_server.log_level = "DEBUG1"
    sftp_server.start()


def test_a_server_is_let_be_known_by_a_file_of_its_own(sftp_server, asked):
    assert push(store(sftp_server))
    assert asked()


def test_a_server_with_another_key_is_told_nothing(sftp_server, asked):
    sftp_server.know(sftp_server.root / "other.pub")

    assert "another host key" in refused(sftp_server, password="CANARY").message
    assert not asked()


def test_a_server_that_is_not_known_is_told_nothing(sftp_server, asked):
    sftp_server.known_hosts.write_text("")

    assert "not known" in refused(sftp_server, password="CANARY").message
    assert not asked()


def test_without_such_a_file_the_hosts_count_that_the_user_knows(sftp_server, tmp_path, monkeypatch):
    options = {"key_filename": sftp_server.options["key_filename"]}
    place = FsspecOffsiteStore(sftp_server.url, options=options, recipients=())
    monkeypatch.setattr("adapters.offsite.ssh._SYSTEM_WIDE", tmp_path / "none")
    with pytest.raises(Unreachable, match="not known"):
        push(place)

    (tmp_path / ".ssh").mkdir()
    sftp_server.known_hosts.rename(tmp_path / ".ssh" / "known_hosts")
    assert push(place)


def test_without_such_a_file_the_hosts_count_that_the_system_knows(sftp_server, monkeypatch):
    options = {"key_filename": sftp_server.options["key_filename"]}
    monkeypatch.setattr("adapters.offsite.ssh._SYSTEM_WIDE", sftp_server.known_hosts)

    assert push(FsspecOffsiteStore(sftp_server.url, options=options, recipients=()))


@pytest.mark.parametrize("option", ["known_hosts", "key_filename"])
def test_a_file_that_is_missing_is_no_fault_of_the_server(sftp_server, option):
    with pytest.raises(Invalid, match="cannot be read"):
        push(store(sftp_server, **{option: "/nonexistent/CANARY"}))


def test_a_server_is_known_by_the_kind_of_key_that_we_have_of_it(sftp_server):
    sftp_server.stop()
    sftp_server.more = [f"HostKey {sftp_server.root / 'second'}"]
    sftp_server.make_key("second", kind="rsa")
    sftp_server.know(sftp_server.root / "second.pub")
    sftp_server.start()

    assert push(store(sftp_server))
