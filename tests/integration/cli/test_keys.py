"""`strongroom keys`."""

import base64
import json
import stat

import pytest

from domain.keys import fingerprint
from tests.integration.cli.homes import PENPOT_TOKEN, REVIEWER_TOKEN
from tests.support.backed_up import sql

NAME = "agent_token:reviewer"
RAW = bytes(range(32))
NEW_KEY = base64.b64encode(RAW).decode()


def key_of(home):
    return home.key_file.read_text().strip()


@pytest.fixture
def new_key_file(tmp_path):
    path = tmp_path / "new.key"
    path.write_text(NEW_KEY + "\n")
    return str(path)


def test_status_shows_the_keys_and_what_is_sealed_under_each(moved_home):
    status = moved_home.ask("keys", "status")

    assert status["master_key"] == {
        "fingerprint": fingerprint(base64.b64decode(key_of(moved_home))),
        "source": f"file {moved_home.key_file}",
    }
    (key,) = status["data_keys"]
    assert {"id", "state", "created_at", "rows", "uses"} <= key.keys()
    assert (key["state"], key["rows"]) == ("active", key["uses"])
    assert key["rows"] > 5
    assert (status["kit_proved_at"], status["warnings"]) == (None, [])


def test_status_in_words(moved_home):
    screen = moved_home.call("keys", "status").stdout

    assert "never proved" in screen
    assert "active" in screen
    assert key_of(moved_home) not in screen


def test_status_warns_from_half_of_what_a_key_may_seal(moved_home):
    sql(moved_home.database, "UPDATE data_key SET uses = ? WHERE purpose = 'seal'", 2**30)

    result = moved_home.call("keys", "status")

    assert result.exit_code == 0
    assert "has sealed 50% of the values that it may" in result.stderr


def test_a_rotation_is_proved_and_everything_reads_as_before(moved_home):
    (before,) = moved_home.ask("keys", "status")["data_keys"]

    done = moved_home.ask("keys", "rotate")

    assert (done["resealed"], done["values"], done["retired"]) == (before["rows"], before["rows"], [before["id"]])
    assert (done["resumed"], done["kept"], done["damaged"]) == (False, [], [])
    assert f"0 values name the old key {before['id']}; it is retired" in done["proof"]
    states = {key["id"]: (key["state"], key["rows"]) for key in moved_home.ask("keys", "status")["data_keys"]}
    assert states == {before["id"]: ("retired", 0), done["new_key"]: ("active", before["rows"])}
    assert moved_home.ask("secrets", "get", NAME)["value"] == REVIEWER_TOKEN
    assert moved_home.ask("oauth", "show", "gitlab")["status"] != "not_connected"


def test_a_rotation_in_words(moved_home):
    screen = moved_home.call("keys", "rotate").stdout

    assert "values sealed again under" in screen
    assert "proof: 0 values name the old key" in screen


def test_progress_of_a_rotation_tells_rate_and_rest(moved_home):
    result = moved_home.call("keys", "rotate", "--progress", "json")

    events = [json.loads(line) for line in result.stderr.splitlines()]
    stages = {event["stage"] for event in events}
    assert {"sealing again", "opening all values"} <= stages
    assert all({"done", "total", "rate", "rest"} <= event.keys() for event in events)


def test_a_damaged_value_is_named_and_its_key_kept(moved_home):
    (before,) = moved_home.ask("keys", "status")["data_keys"]
    sql(moved_home.database, "UPDATE secret_version SET sealed = zeroblob(80) WHERE rowid = 1")

    result = moved_home.call("keys", "rotate", "--json")

    done = json.loads(result.stdout)
    assert (result.exit_code, done["kept"], done["retired"]) == (8, [before["id"]], [])
    assert done["error"]["code"] == "integrity"
    assert done["damaged"][0]["subject"] in done["error"]["message"]


def test_verifying_opens_everything(moved_home):
    found = moved_home.ask("keys", "verify")

    assert found["values"] == sum(found["by_key"].values()) > 5
    assert found["damaged"] == []
    assert "opened" in moved_home.call("keys", "verify").stdout


def test_verifying_names_what_is_damaged_and_ends_with_8(moved_home):
    sql(moved_home.database, "UPDATE secret_version SET sealed = CAST('plaintext' AS BLOB) WHERE rowid = 2")

    result, text = moved_home.call("keys", "verify", "--json"), moved_home.call("keys", "verify")

    document = json.loads(result.stdout)
    assert (result.exit_code, text.exit_code) == (8, 8)
    assert document["error"]["code"] == "integrity"
    assert [damage["code"] for damage in document["damaged"]] == ["not_sealed"]
    assert document["damaged"][0]["subject"] in document["error"]["message"]
    assert f"not_sealed: {document['damaged'][0]['subject']}" in text.stdout


def test_the_master_key_is_changed_and_everything_reads_as_before(moved_home, new_key_file):
    old = key_of(moved_home)

    change = moved_home.ask("keys", "change-master", "--new-key-file", new_key_file)

    assert (change["old"], change["new"]) == (fingerprint(base64.b64decode(old)), fingerprint(RAW))
    assert (change["file_replaced"], key_of(moved_home)) == (True, NEW_KEY)
    assert stat.S_IMODE(moved_home.key_file.stat().st_mode) == 0o600
    assert not moved_home.key_file.with_name("master.key.next").exists()
    assert moved_home.ask("secrets", "get", NAME)["value"] == REVIEWER_TOKEN
    assert moved_home.ask("keys", "status")["master_key"]["fingerprint"] == fingerprint(RAW)
    assert moved_home.ask("keys", "verify")["damaged"] == []


def test_the_old_master_key_opens_nothing_any_more(moved_home, new_key_file):
    old = key_of(moved_home)
    moved_home.ask("keys", "change-master", "--new-key-file", new_key_file)
    moved_home.key_file.write_text(old)

    code, error = moved_home.error("secrets", "get", NAME)

    assert (code, error["code"]) == (8, "key_refused")
    assert fingerprint(RAW) in error["message"]


def test_the_master_key_in_use_is_a_conflict(moved_home, new_key_file):
    moved_home.ask("keys", "change-master", "--new-key-file", new_key_file)

    code, error = moved_home.error("keys", "change-master", "--new-key-file", new_key_file)

    assert (code, error["code"]) == (6, "conflict")


@pytest.mark.parametrize("content", [None, "", "hunter2", NEW_KEY[:20]], ids=ascii)
def test_a_file_without_a_key_is_refused_and_nothing_changes(moved_home, tmp_path, content):
    before = moved_home.everything()
    if content is not None:
        (tmp_path / "bad.key").write_text(content)

    code, error = moved_home.error("keys", "change-master", "--new-key-file", str(tmp_path / "bad.key"))

    assert (code, error["code"]) == (8, "key_refused")
    assert "hunter2" not in str(error)
    assert moved_home.everything() == before


def test_a_key_that_is_not_in_the_key_file_is_left_to_the_operator(moved_home, new_key_file, monkeypatch):
    text = key_of(moved_home)
    moved_home.key_file.unlink()
    env = {"STRONGROOM_MASTER_KEY": text, "STRONGROOM_ALLOW_ENV_SECRETS": "1"}

    result = moved_home.call("keys", "change-master", "--new-key-file", new_key_file, env=env)

    assert result.exit_code == 0
    assert "to do: set STRONGROOM_MASTER_KEY to the new key" in result.stdout
    assert not moved_home.key_file.exists()
    env["STRONGROOM_MASTER_KEY"] = NEW_KEY
    assert moved_home.call("secrets", "get", NAME, env=env).stdout == REVIEWER_TOKEN


def test_the_kit_goes_into_a_new_private_file_and_proves_itself(moved_home, tmp_path):
    kit = tmp_path / "kit.txt"

    made = moved_home.ask("keys", "kit", "--to", str(kit))

    assert made["fingerprint"] == fingerprint(base64.b64decode(key_of(moved_home)))
    assert "key" not in made
    assert stat.S_IMODE(kit.stat().st_mode) == 0o600
    text = kit.read_text()
    assert str(moved_home.database) in text
    assert "keys verify" in text
    proof = moved_home.ask("keys", "kit", "--prove", stdin=text)
    assert (proof["fingerprint"], proof["data_keys"]) == (made["fingerprint"], 2)
    assert moved_home.ask("keys", "status")["kit_proved_at"] == proof["proved_at"]


def test_a_kit_is_never_written_over_a_file_that_is_there(moved_home, tmp_path):
    (tmp_path / "kit.txt").write_text("mine")

    assert moved_home.error("keys", "kit", "--to", str(tmp_path / "kit.txt"))[0] == 6
    assert (tmp_path / "kit.txt").read_text() == "mine"
    assert moved_home.ask("audit", "list", "--action", "key.kit") == []


def test_a_kit_needs_a_directory_that_is_there_and_is_made_or_proved_not_both(moved_home, tmp_path):
    code, error = moved_home.error("keys", "kit", "--to", str(tmp_path / "nowhere/kit.txt"))

    assert (code, error["message"]) == (5, f"there is no directory {tmp_path / 'nowhere'}")
    assert moved_home.error("keys", "kit", "--prove", "--to", str(tmp_path / "kit.txt"))[0] == 2
    assert moved_home.ask("audit", "list", "--action", "key.kit") == []


@pytest.mark.parametrize("flag", [(), ("--json",)])
def test_the_key_is_not_shown_but_on_a_terminal(moved_home, flag):
    result = moved_home.call("keys", "kit", *flag)

    assert result.exit_code == 2
    assert key_of(moved_home) not in result.output.replace(" ", "")
    assert moved_home.ask("audit", "list", "--action", "key.kit") == []


def test_on_a_terminal_the_kit_is_shown_with_the_key_in_groups(moved_home):
    code, screen = moved_home.at_terminal("keys", "kit", dialogue=[])

    text = key_of(moved_home)
    assert code == 0
    assert " ".join(text[at : at + 4] for at in range(0, len(text), 4)) in screen


@pytest.mark.parametrize("given", [NEW_KEY, "hunter2", ""])
def test_another_key_proves_nothing(moved_home, given):
    code, error = moved_home.error("keys", "kit", "--prove", stdin=given)

    assert (code, error["code"]) == (8, "key_refused")
    assert "typing errors" in error["advice"]
    assert moved_home.ask("keys", "status")["kit_proved_at"] is None
    assert "hunter2" not in str(error)


def test_every_operation_on_keys_is_an_event_of_the_one_who_did_it(moved_home, new_key_file, tmp_path):
    moved_home.ask("keys", "rotate")
    moved_home.ask("keys", "change-master", "--new-key-file", new_key_file)
    moved_home.ask("keys", "kit", "--to", str(tmp_path / "kit.txt"))

    events = [event for event in moved_home.ask("audit", "list") if event["action"].startswith("key.")]

    assert [event["action"] for event in events] == ["key.kit", "key.change_master", "key.retire", "key.rotate"]
    assert {event["actor"].partition(":")[0] for event in events} == {"cli"}
    assert moved_home.call("audit", "verify").exit_code == 0


def test_no_command_shows_a_key_or_a_secret(moved_home, new_key_file):
    sql(moved_home.database, "UPDATE secret_version SET sealed = zeroblob(80) WHERE rowid = 1")
    calls = [("status",), ("rotate",), ("verify",), ("change-master", "--new-key-file", new_key_file)]

    output = "".join(moved_home.call("keys", *call, *flag).output for call in calls for flag in ((), ("--json",)))

    for secret in (key_of(moved_home), NEW_KEY, REVIEWER_TOKEN, PENPOT_TOKEN):
        assert secret not in output
