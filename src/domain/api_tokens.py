"""Bearer tokens of the HTTP API and what they open: `read:` or `write:` and a path pattern."""

import re
from dataclasses import dataclass
from functools import lru_cache

from domain.errors import Invalid
from domain.values import agent_token_name

_GRANT = re.compile(r"(read|write):(/[\x21-\x7e]*)")
ADMIN = "write:/*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What is kept of a token: never the token, only its SHA-256 and the first characters to know it by."""

    id: str
    name: str
    prefix: str
    digest: bytes
    grants: tuple[str, ...]
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None

    def is_live(self, now: int) -> bool:
        """Tell whether the token opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def is_admin(self) -> bool:
        """Tell whether there is nothing that this token may not do."""
        return ADMIN in self.grants

    def allows(self, action: str, path: str) -> bool:
        """Tell whether a grant lets this token do `action` (`read` or `write`) on a decoded `path`."""
        return any(_permits(grant, action, path) for grant in self.grants)


def parse_grant(raw: str) -> str:
    """Return a grant in its stored form (`admin` is `write:/*`); raises `Invalid`."""
    grant = ADMIN if raw == "admin" else raw
    if not _GRANT.fullmatch(grant):
        raise Invalid(
            "not a grant",
            advice="read: or write: and a path pattern, such as read:/sessions/*, or admin",
        )
    return grant


def grant_of_agent(agent: str) -> str:
    """Return the grant of a token that is bound to `agent`: it reads that agent's token and opens nothing else.

    Raises `Invalid` for what is no agent name.
    """
    return f"read:/secrets/{agent_token_name(agent)}/value"


def _permits(grant: str, action: str, path: str) -> bool:
    verb, _, pattern = grant.partition(":")
    return verb in {action, "write"} and _matcher(pattern).fullmatch(path) is not None


@lru_cache(maxsize=1_024)
def _matcher(pattern: str) -> re.Pattern[str]:
    """A pattern's `*` stands for any characters, `/` included; all else is itself.

    Each part between two stars is sought once, from the left, and never again (an atomic group), so
    that a pattern of many stars takes no longer than a short one.
    """
    first, *rest = map(re.escape, pattern.split("*"))
    if not rest:
        return re.compile(first)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}", re.DOTALL)
