"""Give an agent a new token."""

from dataclasses import dataclass

from app.usecases.store_secret import Stored, StoreSecret
from domain.values import SecretValue, agent_token_name


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateAgentToken:
    """Store the token as the agent's secret."""

    store: StoreSecret

    def __call__(
        self, agent: str, token: SecretValue, *, expected_version: int | None = None, verify: bool = False
    ) -> Stored:
        """Return what was stored; raises as `StoreSecret`."""
        return self.store(agent_token_name(agent), token, expected_version=expected_version, verify=verify)
