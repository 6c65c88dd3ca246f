"""Encryption as a whole: what age itself makes of our copies, which keys there are, and how much is held in memory."""

import io
import subprocess
import tracemalloc

import pyrage
import pytest

from adapters.offsite import FsspecOffsiteStore
from domain.backups import parse_manifest
from domain.errors import Integrity, Invalid
from domain.values import SecretValue
from tests.contracts.offsite_store import CONTENT, FILE, described, fetched, push
from tests.integration.packaging.programs import program


def store_for(disk, *recipients):
    return FsspecOffsiteStore(disk.url, options={}, recipients=recipients)


def opened_by_age(disk, name, key):
    command = [program("age", "age"), "--decrypt", "--identity", key, disk.directory / name]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.fixture(params=["ed25519", "rsa"])
def ssh_key(request, tmp_path):
    """A pair of OpenSSH's, by the path of the private one."""
    keygen = [program("ssh-keygen", "openssh-client"), "-q", "-N", "", "-C", "", "-t", request.param]
    subprocess.run([*keygen, "-f", tmp_path / "key"], check=True)
    return tmp_path / "key"


def test_age_opens_what_we_encrypted(disk, tmp_path):
    push(disk.sealed)
    key = tmp_path / "key.txt"
    key.write_text(f"{disk.identity.reveal()}\n")

    assert opened_by_age(disk, f"{FILE}.age", key) == CONTENT
    assert parse_manifest(opened_by_age(disk, f"{FILE}.json.age", key)) == described()


def test_we_open_what_age_encrypted(disk, tmp_path):
    keygen = subprocess.run([program("age-keygen", "age")], check=True, capture_output=True, text=True)
    identity = keygen.stdout.splitlines()[-1]
    recipient = keygen.stderr.split()[-1]
    push(store_for(disk, recipient))
    age = [program("age", "age"), "--encrypt", "--recipient", recipient]
    disk.put(f"{FILE}.age", subprocess.run(age, input=CONTENT, check=True, capture_output=True).stdout)

    assert fetched(disk.plain, [SecretValue(identity)]) == CONTENT


def test_ssh_keys_are_recipients_too(disk, ssh_key):
    kind, public = ssh_key.with_suffix(".pub").read_text().split()[:2]
    push(store_for(disk, kind, public))

    assert fetched(disk.plain, [SecretValue(ssh_key.read_text())]) == CONTENT
    assert opened_by_age(disk, f"{FILE}.age", ssh_key) == CONTENT


def test_each_of_several_recipients_opens_it_alone(disk, ssh_key):
    key = pyrage.x25519.Identity.generate()
    push(store_for(disk, str(key.to_public()), *ssh_key.with_suffix(".pub").read_text().split()[:2]))

    for identity in (str(key), ssh_key.read_text()):
        assert fetched(disk.plain, [SecretValue(identity)]) == CONTENT


@pytest.mark.parametrize(
    "identity", ["SENTINEL", "", "AGE-SECRET-KEY-1SENTINEL", "-----BEGIN OPENSSH PRIVATE KEY-----\nSENTINEL"]
)
def test_what_is_no_identity_is_not_told(disk, identity):
    push(disk.sealed)
    with pytest.raises(Invalid) as caught:
        fetched(disk.plain, [SecretValue(identity)])

    assert "SENTINEL" not in f"{caught.value} {caught.value.advice}"


@pytest.mark.parametrize("at", [-1, -65_000, 60_000, 400])
def test_a_bit_that_was_changed_is_noticed(disk, at):
    push(disk.sealed)
    sealed = bytearray(disk.content(f"{FILE}.age"))
    sealed[at] ^= 1
    disk.put(f"{FILE}.age", bytes(sealed))

    with pytest.raises(Integrity):
        fetched(disk.plain, [disk.identity])


def test_a_copy_is_noticed_as_cut_off_wherever_it_is_cut(disk):
    push(disk.sealed, CONTENT[:65_537])
    sealed = disk.content(f"{FILE}.age")
    for kept in (*range(300), *range(len(sealed) - 100, len(sealed)), *range(400, len(sealed) - 100, 4_099)):
        disk.put(f"{FILE}.age", sealed[:kept])
        with pytest.raises(Integrity):
            fetched(disk.plain, [disk.identity])


@pytest.mark.parametrize("place", ["disk", "sftp_directory", "bucket"])
@pytest.mark.parametrize("kind", ["plain", "sealed"])
def test_a_long_backup_is_not_held_in_memory(request, place, kind):
    shelf = request.getfixturevalue(place)
    store, megabyte = getattr(shelf, kind), 1_024 * 1_024
    content = bytes(96 * megabyte)
    backup = described(content)
    tracemalloc.start()
    try:
        store.push(backup, io.BytesIO(content))
        store.fetch(FILE, _Discarded(), [shelf.identity])
        assert tracemalloc.get_traced_memory()[1] < 80 * megabyte
    finally:
        tracemalloc.stop()


class _Discarded(io.RawIOBase):
    def write(self, data):
        return len(data)
