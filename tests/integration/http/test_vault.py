"""Vault's own Python client, hvac, reads and lists at a running service."""

import re
from datetime import datetime

import pytest
from hvac.exceptions import InvalidPath

from domain.instants import HOUR_MS, SECOND_MS
from tests.integration.http.vaulted import (
    CANARY,
    DATA,
    LIST,
    LOOKUP_SELF,
    NAME,
    PREFLIGHT,
    VALUES,
    read,
)


@pytest.mark.parametrize("name", [NAME, "deploy:key", "deploy:prod/db", "deploy:prod/eu/web"])
def test_the_newest_version_is_read(vaulted, name):
    found = read(vaulted.kv(), name)

    assert found["data"] == {"value": VALUES[name][-1]}
    assert (found["metadata"]["version"], found["metadata"]["destroyed"]) == (len(VALUES[name]), False)
    assert found["metadata"]["deletion_time"] == ""


@pytest.mark.parametrize(("version", "index"), [(0, 1), (1, 0), (2, 1)])
@pytest.mark.parametrize("raising", [True, False])
def test_an_older_version_is_read_and_0_is_the_newest(vaulted, version, index, raising):
    found = vaulted.kv().read_secret_version(path=NAME, version=version, raise_on_deleted_version=raising)["data"]

    assert (found["data"]["value"], found["metadata"]["version"]) == (VALUES[NAME][index], index + 1)


def test_when_it_was_made_is_said_as_rfc_3339_has_it(vaulted):
    said = read(vaulted.kv(), NAME)["metadata"]["created_time"]

    updated_at = vaulted.api.get(f"/secrets/{NAME}").json()["updated_at"]
    assert said.endswith("Z")
    assert datetime.fromisoformat(said).timestamp() * SECOND_MS == pytest.approx(updated_at, abs=1)


@pytest.mark.parametrize("strict", [False, True], ids=["LIST", "GET"])
@pytest.mark.parametrize(
    ("folder", "keys"),
    [
        ("", [NAME, "deploy:key", "deploy:prod/", "destroyed"]),
        ("deploy:prod", ["db", "eu/"]),
        ("deploy:prod/", ["db", "eu/"]),
        ("deploy:prod/eu", ["web"]),
    ],
)
def test_a_folder_lists_what_is_right_below_it(vaulted, strict, folder, keys):
    assert vaulted.kv(strict_http=strict).list_secrets(path=folder)["data"]["keys"] == keys


@pytest.mark.parametrize("folder", ["nothing", "deploy:pro", "deploy:prod/db", "deploy:prod/e", "*", "deploy"])
def test_what_is_no_folder_is_an_invalid_path(vaulted, folder):
    with pytest.raises(InvalidPath):
        vaulted.kv().list_secrets(path=folder)


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("nothing", None),
        ("Not a name", None),
        (NAME, 3),
        (NAME, 10**18),
        ("deleted", None),
        ("deleted", 1),
        ("destroyed", 1),
        ("deploy:prod", None),
    ],
)
@pytest.mark.parametrize("raising", [True, False])
def test_what_is_not_there_deleted_or_destroyed_is_an_invalid_path(vaulted, path, version, raising):
    with pytest.raises(InvalidPath) as refused:
        vaulted.kv().read_secret_version(path=path, version=version, raise_on_deleted_version=raising)

    assert CANARY not in refused.value.text


def test_of_a_secret_with_a_destroyed_version_the_others_are_read(vaulted):
    assert read(vaulted.kv(), "destroyed", 2)["data"]["value"] == VALUES["destroyed"][1]


def test_metadata_itself_is_not_read(vaulted):
    with pytest.raises(InvalidPath):
        vaulted.kv().read_secret_metadata(path=NAME)


def test_there_is_one_mount(vaulted):
    kv = vaulted.kv()

    with pytest.raises(InvalidPath):
        kv.read_secret_version(path=NAME, mount_point="kv", raise_on_deleted_version=True)
    with pytest.raises(InvalidPath):
        kv.list_secrets(path="", mount_point="secrets")


def test_a_bearer_token_is_taken_below_v1_as_well(vaulted):
    status, _, body = vaulted.raw("GET", f"{DATA}{NAME}", Authorization=f"Bearer {vaulted.home.token}")

    assert (status, VALUES[NAME][1] in body) == (200, True)


def test_each_read_is_one_event_as_a_native_read_leaves_it(vaulted):
    before = len(vaulted.events(subject="deploy:key"))
    token = vaulted.token("read:/*")
    kv = vaulted.hvac(token).secrets.kv.v2

    read(kv, "deploy:key")
    vaulted.raw("GET", "/secrets/deploy:key/value", Authorization=f"Bearer {token}")
    with pytest.raises(InvalidPath):
        read(kv, "deploy:key", 7)
    kv.list_secrets(path="")

    left = vaulted.events(subject="deploy:key")
    native, vaults = left[: len(left) - before]
    assert vaults["action"] == "secret.read"
    assert vaults["actor"].endswith(" vaulted")
    for what in ("action", "actor", "subject", "outcome", "detail"):
        assert vaults[what] == native[what]


def test_reading_an_older_version_is_an_event_too(vaulted):
    before = len(vaulted.events(subject=NAME, action="secret.read"))

    read(vaulted.kv(), NAME, 1)

    assert len(vaulted.events(subject=NAME, action="secret.read")) == before + 1


def test_every_answer_is_kept_by_no_cache(vaulted):
    for method, path in (("GET", f"{DATA}{NAME}"), ("LIST", LIST), ("GET", LOOKUP_SELF), ("GET", PREFLIGHT)):
        status, headers, _ = vaulted.raw(method, path, X_Vault_Token=vaulted.home.token)

        assert (status, headers["Cache-Control"], headers["Content-Type"]) == (200, "no-store", "application/json")


def test_the_preflight_of_the_command_line_says_kv_version_2(vaulted):
    found = vaulted.hvac(vaulted.home.token).adapter.get(PREFLIGHT)["data"]

    assert (found["path"], found["type"], found["options"]) == ("secret/", "kv", {"version": "2"})
    with pytest.raises(InvalidPath):
        vaulted.hvac(vaulted.home.token).adapter.get("/v1/sys/internal/ui/mounts/other/x")


def test_a_token_for_ever_says_so_as_external_secrets_reads_it(vaulted):
    about = vaulted.hvac(vaulted.token("read:/nothing-that-is-here")).auth.token.lookup_self()["data"]

    assert (about["type"], about["ttl"], about["expire_time"]) == ("service", 0, None)
    assert (about["display_name"], about["policies"]) == ("vaulted", ["read:/nothing-that-is-here"])


def test_a_token_that_ends_says_when_and_in_how_many_seconds(vaulted):
    made = vaulted.api.post("/api-tokens", json={"name": "short", "grants": ["admin"], "expires": "1h"}).json()

    about = vaulted.hvac(made["token"]).auth.token.lookup_self()["data"]

    assert type(about["ttl"]) is int
    assert 0 < about["ttl"] <= HOUR_MS // SECOND_MS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", about["expire_time"])
    assert datetime.fromisoformat(about["expire_time"]).timestamp() * SECOND_MS == pytest.approx(made["expires_at"])
    assert made["token"] not in repr(about)
