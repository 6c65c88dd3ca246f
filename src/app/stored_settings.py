"""Settings that the database may hold: which, with what values, and from when on they count."""

import difflib
from typing import Final

from app.oauth_clients import CLIENT_SECRETS
from app.settings import PREFIX, SPECS
from domain.errors import Invalid
from domain.values import FORGES

HEEDED_AT_ONCE: Final = frozenset(
    {"session_ttl_days", "archive_ttl_days", "audit_ttl_days", "backup_keep", "backup_interval_hours"}
    | {"rehearsal_interval_hours", "gitlab_url", "github_url"}
    | {f"{forge}_{what}" for forge in FORGES for what in ("client_id", "scopes")}
)
"""What a running service looks up each time; the others count from its next start on."""


def parse_storable(name: str, value: str) -> str:
    """Return the name of a setting that may be stored with `value`; raises `Invalid`."""
    name = storable_name(name)
    try:
        SPECS[name]["parse"](value)
    except Invalid as error:
        raise Invalid(f"{name}: {error.message}", advice=error.advice) from None
    return name


def storable_name(name: str) -> str:
    """Return the lower-case name of a setting that may be stored; raises `Invalid`."""
    lower = name.lower().removeprefix(PREFIX.lower())
    if lower not in SPECS:
        near = difflib.get_close_matches(lower, SPECS, n=1, cutoff=0.0)
        raise Invalid("no setting has that name", advice=f"did you mean {near[0]}?")
    if not SPECS[lower]["stored"]:
        variable = PREFIX + lower.upper()
        if lower in CLIENT_SECRETS:
            raise Invalid(
                f"{lower} is a secret", advice=f"`strongroom secrets set {lower}` reads it, and keeps it sealed"
            )
        raise Invalid(
            f"{lower} is not kept in the database",
            advice=f"set {variable} in the environment, or {variable}_FILE to the name of a file that holds it",
        )
    return lower
