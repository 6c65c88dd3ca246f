from dataclasses import replace

import pytest

from app.settings import SPECS
from app.stored_settings import HEEDED_AT_ONCE
from domain.audit import Action
from domain.errors import DatabaseUnusable
from domain.instants import DAY_MS
from domain.values import SecretValue

KEY = "forgejo:reviewer:acme/api:42"


def shown(answer):
    return {each["name"]: each for each in answer.json()["settings"]}


def test_every_setting_is_listed_with_where_its_value_comes_from(client):
    settings = shown(client.get("/settings"))

    assert set(settings) == set(SPECS)
    assert settings["state_dir"]["origin"] == "flag"
    assert settings["session_ttl_days"] == {
        "name": "session_ttl_days",
        "variable": "STRONGROOM_SESSION_TTL_DAYS",
        "value": 30,
        "origin": "default",
        "meaning": "a session unused for longer is stale",
        "editable": True,
    }
    assert settings["state_dir"]["editable"] is settings["host"]["editable"] is False


def test_a_changed_setting_is_stored_and_says_so(client, container):
    answer = client.patch("/settings", json={"session_ttl_days": 7, "gitlab_scopes": "api"})

    assert (shown(answer)["session_ttl_days"]["value"], shown(answer)["session_ttl_days"]["origin"]) == (
        7,
        "settings table",
    )
    assert answer.json()["at_next_start"] == []
    assert container.setting_store().all() == {"session_ttl_days": "7", "gitlab_scopes": "api"}


def test_pruning_heeds_a_change_at_once(client, container):
    container.sessions().set(KEY, "x", used_at=container.clock().now() - 10 * DAY_MS)

    before = client.post("/sessions/prune").json()
    client.patch("/settings", json={"session_ttl_days": 7})
    after = client.post("/sessions/prune").json()

    assert (before, after) == ({"pruned": 0}, {"pruned": 1})


def test_what_a_running_service_does_not_heed_is_named(client):
    answer = client.patch("/settings", json={"public_url": "https://hooks.example.org", "session_ttl_days": 7})

    assert answer.json()["at_next_start"] == ["public_url"]
    assert {name for name, spec in SPECS.items() if spec["stored"]} > HEEDED_AT_ONCE


def test_null_forgets_a_setting(client, container):
    client.patch("/settings", json={"session_ttl_days": 7})

    answer = client.patch("/settings", json={"session_ttl_days": None})

    assert shown(answer)["session_ttl_days"]["origin"] == "default"
    assert container.setting_store().all() == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"session_ttl_days": 0},
        {"session_ttl_days": "x"},
        {"session_ttl_days": True, "nothing_of_ours": 1},
        {"nothing_of_ours": "x"},
        {"state_dir": "/tmp"},
        {"gitlab_client_secret": "sesame"},
        {"master_key": "sesame"},
        {"master_key": None},
        {"session_ttl_days": [7]},
        {"Session_TTL": 7},
        {},
    ],
)
def test_of_changes_of_which_one_is_refused_none_is_stored(client, container, changes):
    answer = client.patch("/settings", json={"gitlab_scopes": "api", **changes} if changes else {})

    assert answer.status_code == 422
    assert "sesame" not in answer.text
    assert container.setting_store().all() == {}


def test_each_change_is_an_event_that_shows_no_value(client, container):
    client.patch("/settings", json={"session_ttl_days": 7, "gitlab_scopes": "hidden"})
    client.patch("/settings", json={"session_ttl_days": None})

    events = container.audit().list(limit=3)
    assert [(each.action, each.subject, each.detail) for each in events] == [
        (Action.SETTING_CHANGE, "session_ttl_days", "unset"),
        (Action.SETTING_CHANGE, "gitlab_scopes", "set"),
        (Action.SETTING_CHANGE, "session_ttl_days", "set"),
    ]


def test_a_secret_among_the_settings_is_masked(client_with, container):
    container.settings.override(replace(container.settings(), gitlab_client_secret=SecretValue("sesame")))

    answer = client_with("admin").get("/settings")

    assert shown(answer)["gitlab_client_secret"]["value"] == "********"
    assert "sesame" not in answer.text


def test_of_changes_of_which_one_cannot_be_stored_none_is(client, container, mocker):
    store, changes = container.unaudited_setting_store(), {"session_ttl_days": 7, "gitlab_scopes": "api"}
    real = store.set
    mocker.patch.object(store, "set", side_effect=lambda *given: full(real, *given))

    answer = client.patch("/settings", json=changes)

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unusable")
    assert store.all() == {}


def full(real, name, value):
    """Store one setting, and then no more: the disk is full."""
    if name == "gitlab_scopes":
        raise DatabaseUnusable("the disk is full")
    real(name, value)


@pytest.mark.parametrize("name", ["gitlab_url", "github_url", "forgejo_url", "penpot_url", "public_url"])
@pytest.mark.parametrize("value", ["https://elsewhere.example.org", None])
def test_where_tokens_are_sent_is_for_an_admin_to_say(client_with, container, name, value):
    limited = client_with("write:/settings", "read:/*")

    answer = limited.patch("/settings", json={"session_ttl_days": 7, name: value})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert container.setting_store().all() == {}
    assert limited.patch("/settings", json={"session_ttl_days": 7}).status_code == 200
    assert client_with("admin").patch("/settings", json={name: value}).status_code == 200


def test_the_event_says_where_tokens_are_sent_from_now_on(client, container):
    client.patch("/settings", json={"gitlab_url": "https://gitlab.example.org"})

    assert container.audit().list(limit=1)[0].detail == "set to https://gitlab.example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", "javascript:alert(1)"),
        ("gitlab_url", 12),
        ("backup_keep", "nonsense"),
        ("backup_keep", 5),
        ("gitlab_scopes", "a\0b"),
        ("forgejo_url", "\x1b[31m"),
        ("gitlab_client_id", False),
        ("session_ttl_days", True),
        ("session_ttl_days", 7.5),
    ],
)
def test_a_value_that_means_nothing_is_not_stored(client, container, name, value):
    answer = client.patch("/settings", json={name: value})

    assert answer.status_code == 422
    assert container.setting_store().all() == {}


def test_a_stored_value_that_cannot_be_used_is_shown_as_such_and_forgotten_by_null(client, container):
    container.setting_store().set("backup_keep", "nonsense")

    before = shown(client.get("/settings"))["backup_keep"]
    after = shown(client.patch("/settings", json={"backup_keep": None}))["backup_keep"]

    assert before["origin"] == "default; the settings table holds a value that cannot be used"
    assert before["editable"] is True
    assert (before["value"], after["value"]) == ("last=5,daily=7,weekly=4,monthly=6",) * 2
    assert after["origin"] == "default"
    assert container.setting_store().all() == {}
