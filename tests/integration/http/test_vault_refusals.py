"""What clients of Vault must not get: without a grant, with a wrong token, by a hostile path, or where it is off."""

import pytest
from hvac.exceptions import Forbidden, InvalidPath, VaultError

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


@pytest.mark.parametrize(
    "grants",
    [
        (f"read:{DATA}deploy:*",),
        (f"read:/secrets/{NAME}/value", f"read:/secrets/{NAME}", "write:/secrets/*"),
        ("read:/v1/secret/metadata/*", "read:/v1/sys/*"),
        (f"read:{DATA}{NAME}/*",),
    ],
)
def test_without_a_grant_for_the_path_reading_is_forbidden(vaulted, grants):
    with pytest.raises(Forbidden):
        read(vaulted.kv(*grants), NAME)


def test_a_grant_names_the_path_that_is_asked_and_opens_no_other(vaulted):
    kv = vaulted.kv(f"read:{DATA}{NAME}")

    assert read(kv, NAME)["data"]["value"] == VALUES[NAME][1]
    for path in ("deploy:key", f"{NAME}x", "agent_token:reviewe"):
        with pytest.raises(Forbidden):
            read(kv, path)
    with pytest.raises(Forbidden):
        kv.list_secrets(path="")


def wrong_tokens(home):
    return ["srt_nonsense", "hvs.CAESI", home.token[:-1] + ("a" if home.token[-1] != "a" else "b"), "ü"]


def test_a_wrong_token_is_forbidden_and_the_client_is_not_authenticated(vaulted):
    for token in wrong_tokens(vaulted.home)[:3]:
        client = vaulted.hvac(token)

        assert not client.is_authenticated()
        with pytest.raises(Forbidden) as refused:
            read(client.secrets.kv.v2, NAME)
        assert token not in refused.value.text
    assert vaulted.hvac(vaulted.home.token).is_authenticated()


@pytest.mark.parametrize("path", [f"{DATA}{NAME}", LIST, LOOKUP_SELF, PREFLIGHT, "/v1/sys/health"])
def test_no_token_and_a_wrong_one_are_forbidden_everywhere_below_v1(vaulted, path):
    sent = [{}, *({"X_Vault_Token": token} for token in wrong_tokens(vaulted.home)), {"Authorization": "Bearer srt_x"}]

    for headers in sent:
        status, _, body = vaulted.raw("GET", path, **headers)

        assert (status, CANARY in body) == (403, False)


def test_a_revoked_token_is_forbidden_at_once(vaulted):
    made = vaulted.api.post("/api-tokens", json={"name": "gone", "grants": [f"read:{DATA}*"]}).json()
    kv = vaulted.hvac(made["token"]).secrets.kv.v2
    for _ in range(2):
        read(kv, NAME)

    vaulted.api.delete(f"/api-tokens/{made['id']}")

    with pytest.raises(Forbidden):
        read(kv, NAME)


@pytest.mark.parametrize(
    "path",
    [
        "/secrets",
        f"/secrets/{NAME}/value",
        "/sessions",
        "/metrics",
        "/audit",
        "/api-tokens",
        "/v1",
        "/v1x/secret/data/x",
        "/V1/secret/data/x",
        "//v1/secret/data/x",
        "/v2/secret/data/x",
        "/secrets/v1/",
        "/nowhere",
    ],
)
def test_vaults_header_opens_nothing_outside_v1(vaulted, path):
    status, _, body = vaulted.raw("GET", path, X_Vault_Token=vaulted.home.token)

    assert (status, CANARY in body) == (401, False)


def test_writes_are_refused_and_change_nothing(vaulted):
    kv, before = vaulted.kv(), vaulted.versions()

    for write in (
        lambda: kv.create_or_update_secret(path=NAME, secret={"value": "x"}),
        lambda: kv.create_or_update_secret(path="brand_new", secret={"value": "x"}),
        lambda: kv.delete_latest_version_of_secret(path=NAME),
        lambda: kv.update_metadata(path=NAME, max_versions=1),
        lambda: kv.delete_metadata_and_all_versions(path=NAME),
    ):
        with pytest.raises(VaultError, match="method_not_allowed"):
            write()
    for write in (kv.delete_secret_versions, kv.undelete_secret_versions, kv.destroy_secret_versions):
        with pytest.raises(InvalidPath):
            write(path=NAME, versions=[1])

    assert vaulted.versions() == before
    assert [read(kv, NAME, version)["data"]["value"] for version in (1, 2)] == VALUES[NAME]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", [f"{DATA}{NAME}", f"{LIST}deploy:prod", LOOKUP_SELF, PREFLIGHT])
def test_a_refused_method_is_told_what_is_allowed(vaulted, method, path):
    status, headers, _ = vaulted.raw(method, path, body="{}", X_Vault_Token=vaulted.home.token)

    assert status == 405
    assert set(headers["Allow"].split(", ")) <= {"GET", "HEAD", "LIST"}


def test_a_token_without_grants_below_v1_is_told_about_itself_and_no_secret(vaulted):
    client = vaulted.hvac(vaulted.token("read:/sessions"))

    assert client.is_authenticated()
    assert client.adapter.get(PREFLIGHT)["data"]["type"] == "kv"
    for refused in (lambda: read(client.secrets.kv.v2, NAME), lambda: client.secrets.kv.v2.list_secrets(path="")):
        with pytest.raises(Forbidden):
            refused()
    assert vaulted.raw("POST", LOOKUP_SELF, X_Vault_Token=client.token)[0] == 403


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        (f"{DATA}%2e%2e/%2e%2e/secrets/{NAME}/value", {404}),
        (f"{DATA}../../../secrets/{NAME}/value", {404}),
        (f"/v1/../secrets/{NAME}/value", {404}),
        (f"{DATA}{NAME}%00", {404}),
        (f"{DATA}%00", {404}),
        (f"{DATA}{NAME}%0a", {404}),
        (f"{DATA}{NAME}%ff", {404}),
        (f"{DATA}{NAME}/", {404}),
        (f"{DATA}/{NAME}", {404}),
        (f"{DATA}%2561gent_token:reviewer", {404}),
        (DATA, {404}),
        (f"{DATA}{'x' * 9_000}", {404}),
        (f"{DATA}{'x' * 300_000}", {400, 414}),
        (f"{LIST}%00?list=true", {404}),
        (f"{LIST}{'../' * 900}?list=true", {404}),
        (f"{DATA}{NAME}?version=-1", {422}),
        (f"{DATA}{NAME}?version=abc", {422}),
        (f"{DATA}{NAME}?version=1.0", {422}),
        (f"{DATA}{NAME}?version=%D9%A1", {422}),
        (f"{DATA}{NAME}?version=", {422}),
        (f"{DATA}{NAME}?version=1&version=2", {422}),
        (f"{DATA}{NAME}?version={'9' * 5_000}", {422}),
        (f"{DATA}{NAME}?version=9223372036854775808", {422}),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else None,
)
def test_a_hostile_request_is_a_clean_refusal(vaulted, path, statuses):
    status, headers, body = vaulted.raw("GET", path, X_Vault_Token=vaulted.home.token)

    assert status in statuses
    assert headers["Content-Type"] == "application/problem+json"
    assert CANARY not in body
    assert len(body) < 1_000
    assert vaulted.api.get("/livez").status_code == 200


def test_no_answer_below_v1_but_that_to_a_read_holds_a_value(vaulted):
    asked = [
        ("HEAD", f"{DATA}{NAME}"),
        ("PUT", f"{DATA}{NAME}"),
        ("GET", f"{DATA}deleted"),
        ("GET", f"{DATA}destroyed?version=1"),
        ("LIST", f"{DATA}{NAME}"),
        ("OPTIONS", f"{DATA}{NAME}"),
        ("LIST", LIST),
        ("LIST", f"{LIST}{NAME}"),
        ("GET", f"{LIST}deploy:prod?list=true"),
        ("GET", f"{LIST}{NAME}"),
        ("GET", LOOKUP_SELF),
        ("GET", PREFLIGHT),
        ("GET", f"/v1/secret/subkeys/{NAME}"),
        ("GET", "/v1/sys/health"),
        ("GET", "/v1/"),
    ]

    told = [vaulted.raw(*call, body=VALUES[NAME][1], X_Vault_Token=vaulted.home.token) for call in asked]

    assert not [call for call, answer in zip(asked, told, strict=True) if CANARY in answer[2] + str(answer[1])]
    assert CANARY in vaulted.raw("GET", f"{DATA}{NAME}", X_Vault_Token=vaulted.home.token)[2]
    assert CANARY not in vaulted.home.log.read_text()


@pytest.mark.parametrize("path", [f"{DATA}{NAME}", LIST, f"{LIST}?list=true", LOOKUP_SELF, PREFLIGHT, "/v1/sys/health"])
def test_by_default_nothing_is_at_these_paths_and_vaults_header_opens_nothing(client, container, path):
    container.secrets().set(NAME, CANARY)
    token = client.headers["Authorization"].partition(" ")[2]

    answer = client.get(path)
    del client.headers["Authorization"]
    refused = [client.get(each, headers={"X-Vault-Token": token}) for each in (path, "/secrets")]

    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")
    assert [each.status_code for each in refused] == [401, 401]
    assert CANARY not in "".join(each.text for each in (answer, *refused))


def test_by_default_a_token_without_grants_is_told_nothing_about_itself(client_with):
    assert client_with("read:/sessions").get(LOOKUP_SELF).status_code == 403
