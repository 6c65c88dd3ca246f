"""What every forge does as an authorization server."""

import pytest

from domain.errors import Misconfigured
from domain.ports import GrantRefused
from domain.values import SecretValue

NOW = 1_795_521_600_000


class AuthorizationServerContract:
    """Subclasses override `connected`: a server, our client there, one with a wrong secret, and what a code gave."""

    @pytest.fixture
    def connected(self):
        raise NotImplementedError

    def test_a_refresh_gives_another_pair_of_tokens(self, connected):
        server, client, _, first = connected

        second = server.refresh(client, first.refresh_token)

        assert second.access_token != first.access_token
        assert second.refresh_token != first.refresh_token
        assert second.lifetime_ms > 0

    def test_a_spent_refresh_token_is_refused(self, connected):
        server, client, _, first = connected
        server.refresh(client, first.refresh_token)

        with pytest.raises(GrantRefused):
            server.refresh(client, first.refresh_token)

    def test_a_refresh_token_that_it_never_gave_is_refused(self, connected):
        server, client, _, _ = connected

        with pytest.raises(GrantRefused):
            server.refresh(client, SecretValue("nobodys"))

    def test_a_wrong_client_secret_spends_nothing(self, connected):
        server, client, stranger, first = connected

        with pytest.raises(Misconfigured):
            server.refresh(stranger, first.refresh_token)

        assert server.refresh(client, first.refresh_token)

    def test_it_says_whose_a_token_is_and_whether_it_lives(self, connected):
        server, client, _, first = connected

        assert server.account(client, first.access_token) == "ada"
        assert server.is_alive(client, first.access_token) is True
        assert server.is_alive(client, SecretValue("nobodys")) is False

    def test_revoking_ends_both_tokens_where_it_can(self, connected):
        server, client, _, first = connected

        server.revoke(client, first.first(client, NOW))

        assert server.is_alive(client, first.access_token) is not server.can_revoke
        if server.can_revoke:
            with pytest.raises(GrantRefused):
                server.refresh(client, first.refresh_token)

    def test_what_is_left_to_do_by_hand_is_done_at_its_own_address(self, connected):
        server, client, _, _ = connected

        assert server.settings_url(client.base_url).startswith(client.base_url)
