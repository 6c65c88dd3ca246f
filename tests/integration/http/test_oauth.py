from domain.oauth import OAuthToken
from domain.values import SecretValue

TOKEN = OAuthToken(
    forge_type="gitlab",
    access_token=SecretValue("sesame-access"),
    refresh_token=SecretValue("sesame-refresh"),
    scopes=("api", "read_user"),
    expires_at=1_795_521_600_000,
)


def test_three_forges_are_listed_connected_or_not(client, container):
    container.oauth_tokens().upsert(TOKEN)

    listed = client.get("/oauth").json()["oauth"]

    assert [(each["forge"], each["status"]) for each in listed] == [
        ("forgejo", "not_connected"),
        ("github", "not_connected"),
        ("gitlab", "connected"),
    ]


def test_a_connection_is_described_without_its_tokens(client, container):
    container.oauth_tokens().upsert(TOKEN)

    answer = client.get("/oauth/gitlab")

    assert answer.json() == {
        "forge": "gitlab",
        "status": "connected",
        "reason": None,
        "account": None,
        "scopes": ["api", "read_user"],
        "expires_at": 1_795_521_600_000,
        "last_refresh_at": None,
        "last_error": None,
        "version": 1,
        "since": None,
        "base_url": None,
        "connected_at": None,
        "last_error_at": None,
        "refreshable": False,
    }


def test_a_forge_can_be_disconnected_again_and_again(client, container):
    container.oauth_tokens().upsert(TOKEN)

    answers = [client.delete("/oauth/gitlab") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["revocation"] for answer in answers] == ["revoke_failed", None]
    assert "no OAuth client of gitlab is configured" in answers[0].json()["advice"]
    assert client.get("/oauth/gitlab").json()["status"] == "not_connected"


def test_an_unknown_forge_is_not_there(client):
    answers = [client.get("/oauth/bitbucket"), client.delete("/oauth/bitbucket")]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_a_damaged_token_does_not_hide_the_other_forges(client, container):
    container.oauth_tokens().upsert(TOKEN)
    with container.database().borrowed() as connection:
        connection.execute("UPDATE operator_oauth_tokens SET sealed_access_token = x'00'")

    listed = client.get("/oauth").json()["oauth"]

    assert [each["status"] for each in listed] == ["not_connected", "not_connected", "needs_reauth"]
    assert listed[2]["reason"]
