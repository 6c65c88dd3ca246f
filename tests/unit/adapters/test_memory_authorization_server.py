"""The forge in memory keeps the contract that the real ones keep."""

import pytest

from adapters.memory import MemoryAuthorizationServer
from domain.oauth import OAuthClient
from domain.values import SecretValue
from tests.contracts.authorization_server import AuthorizationServerContract


def client(secret):
    return OAuthClient(
        forge="gitlab",
        base_url="https://gitlab.example.org",
        id="strongroom",
        secret=SecretValue(secret),
        redirect_uri="http://127.0.0.1:8787/oauth/gitlab/callback",
        scopes=("api",),
    )


class TestMemory(AuthorizationServerContract):
    @pytest.fixture
    def connected(self):
        server = MemoryAuthorizationServer()
        server.taken_secret = "right"
        first = server.exchange(client("right"), SecretValue("code"), SecretValue("verifier"))
        return server, client("right"), client("wrong"), first
