"""Give an agent a new token."""

from dataclasses import dataclass

from domain.ports import SecretStore
from domain.values import SecretValue, agent_token_name


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateAgentToken:
    """Store the token as the agent's secret."""

    secrets: SecretStore

    def __call__(self, agent: str, token: SecretValue, *, expected_version: int | None = None) -> int:
        """Return the new version. Raises `Invalid` or `VersionConflict`."""
        return self.secrets.set(agent_token_name(agent), token.reveal(), expected_version=expected_version)
