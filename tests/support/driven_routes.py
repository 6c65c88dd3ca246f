"""Every route, sent requests so that each secret passes through it: rightly, wrongly, and where it fails."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.sentinels import ACCESS, AGENT, AGENT_NEWER, API_TOKEN, GENERIC, GENERIC_DOCUMENT, REFUSED, VALUES

JSON = {"Content-Type": "application/json"}
REFUSED_VALUE = VALUES[REFUSED]
NEWER = VALUES[AGENT_NEWER]
SESSION = "/sessions/forgejo:reviewer:acme/api:42"
TOKEN = "/secrets/agent_token:reviewer"


@dataclass(frozen=True)
class Sent:
    """A request, the status of its answer and which secrets the answer may show. A `status` of None is any."""

    path: str
    status: int | None = 200
    shows: frozenset[str] = frozenset()
    more: dict[str, Any] = field(default_factory=dict)


def sent(path, status=200, *, shows=(), **more):
    return Sent(path, status, frozenset(shows), more)


ROUTES: dict[tuple[str, str], list[Sent]] = {
    ("GET", "/livez"): [sent("/livez")],
    ("GET", "/readyz"): [sent("/readyz")],
    ("GET", "/healthz"): [sent("/healthz")],
    ("PUT", "/secrets/{name:path}"): [
        sent(TOKEN, json={"value": NEWER}),
        sent("/secrets/plain", None, json={"value": GENERIC_DOCUMENT}),
        sent(TOKEN, 422, json={"value": f"{REFUSED_VALUE} with a space"}),
        sent(TOKEN, 412, json={"value": REFUSED_VALUE}, headers={"If-Match": '"99"'}),
        sent(f"/secrets/No {REFUSED_VALUE}", 422, json={"value": REFUSED_VALUE}),
        sent("/secrets/penpot_api_token", 503, json={"value": REFUSED_VALUE, "verify": True}),
    ],
    ("GET", "/secrets/{name:path}/value"): [
        sent(f"{TOKEN}/value", shows=[AGENT_NEWER]),
        sent("/secrets/plain/value", shows=[GENERIC]),
        sent("/secrets/nothing/value", 404),
    ],
    ("GET", "/secrets/{name:path}/versions"): [sent(f"{TOKEN}/versions"), sent("/secrets/nothing/versions", 404)],
    ("POST", "/secrets/{name:path}/rollback"): [
        sent(f"{TOKEN}/rollback", json={"version": 1}),
        sent(f"{TOKEN}/rollback", 404, json={"version": 999}),
    ],
    ("GET", "/secrets"): [sent("/secrets"), sent("/secrets?check=1"), sent(f"/secrets?check={AGENT}", 422)],
    ("GET", "/secrets/{name:path}"): [sent(TOKEN), sent(f"/secrets/{REFUSED_VALUE}", 404)],
    ("GET", "/agents"): [sent("/agents")],
    ("PATCH", "/agents/{name}/token"): [
        sent("/agents/reviewer/token", json={"token": NEWER}),
        sent("/agents/reviewer/token", 422, json={"token": f"{REFUSED_VALUE} {REFUSED_VALUE}"}),
        sent("/agents/reviewer/token", 503, json={"token": REFUSED_VALUE, "verify": True}),
        sent("/agents/reviewer/token", 412, json={"token": REFUSED_VALUE}, headers={"If-Match": '"99"'}),
    ],
    ("GET", "/oauth"): [sent("/oauth")],
    ("GET", "/oauth/{forge}"): [sent("/oauth/gitlab"), sent("/oauth/nowhere", 404)],
    ("POST", "/oauth/{forge}/authorize"): [sent("/oauth/gitlab/authorize", 409), sent("/oauth/nowhere/authorize", 404)],
    ("GET", "/oauth/{forge}/callback"): [
        sent(f"/oauth/gitlab/callback?state={REFUSED_VALUE}&code={REFUSED_VALUE}", 403),
        sent(f"/oauth/gitlab/callback?state=x&error={REFUSED_VALUE}", 403, headers={"Accept": "text/html"}),
        sent(f"/oauth/gitlab/callback?state={REFUSED_VALUE}&state=x", 422),
    ],
    ("POST", "/oauth/{forge}/refresh"): [
        sent("/oauth/gitlab/refresh", None, json={"rejected": REFUSED_VALUE}),
        sent("/oauth/github/refresh", 404),
    ],
    ("GET", "/oauth/{forge}/access-token"): [
        sent("/oauth/gitlab/access-token", None, shows=[ACCESS]),
        sent("/oauth/github/access-token", 404),
    ],
    ("PUT", "/sessions/{key:path}"): [
        sent(SESSION, json={"session_id": "session-9"}),
        sent("/sessions/none", 422, json={"session_id": REFUSED_VALUE}),
    ],
    ("GET", "/sessions/{key:path}"): [sent(SESSION), sent("/sessions/nothing", 404)],
    ("GET", "/sessions"): [sent("/sessions"), sent("/sessions?limit=x", 422)],
    ("GET", "/sessions/count"): [sent("/sessions/count")],
    ("POST", "/sessions/merge"): [
        sent("/sessions/merge", json={"sessions": []}),
        sent("/sessions/merge", 422, json={"sessions": [{"key": REFUSED_VALUE, "session_id": REFUSED_VALUE}]}),
    ],
    ("POST", "/sessions/prune"): [sent("/sessions/prune", json={"older_than_days": 9_000})],
    ("DELETE", "/sessions/{key:path}"): [sent(SESSION, 204)],
    ("GET", "/migrations"): [sent("/migrations")],
    ("POST", "/migrations/run"): [sent("/migrations/run", json={"dry_run": True}), sent("/migrations/run")],
    ("GET", "/backups"): [sent("/backups")],
    ("POST", "/backups"): [sent("/backups", None)],
    ("POST", "/backups/prune"): [sent("/backups/prune", json={"dry_run": True}), sent("/backups/prune")],
    ("GET", "/jobs"): [sent("/jobs")],
    ("POST", "/backups/{name}/verify"): [sent(f"/backups/{REFUSED_VALUE}/verify", 404)],
    ("GET", "/settings"): [sent("/settings")],
    ("PATCH", "/settings"): [
        sent("/settings", json={"session_ttl_days": 31}),
        sent("/settings", 422, json={"gitlab_client_secret": REFUSED_VALUE}),
        sent("/settings", 422, json={"session_ttl_days": REFUSED_VALUE}),
    ],
    ("GET", "/metrics"): [sent("/metrics")],
    ("GET", "/openapi.json"): [sent("/openapi.json")],
    ("POST", "/api-tokens"): [
        sent("/api-tokens", 201, json={"name": "ci", "grants": ["read:/livez"]}, shows=[API_TOKEN]),
        sent("/api-tokens", 422, json={"name": "ci", "grants": [REFUSED_VALUE]}),
    ],
    ("GET", "/api-tokens"): [sent("/api-tokens")],
    ("DELETE", "/api-tokens/{id}"): [sent("/api-tokens/nothing", 404)],
    ("GET", "/keys"): [sent("/keys")],
    ("POST", "/keys/rotate"): [sent("/keys/rotate")],
    ("GET", "/audit"): [sent("/audit"), sent("/audit?action=nothing", 422)],
    ("DELETE", "/agents/{name}/token"): [sent("/agents/coder/token", 204), sent("/agents/nobody/token", 404)],
    ("DELETE", "/secrets/{name:path}"): [sent("/secrets/penpot_api_token", 204), sent("/secrets/nothing", 404)],
    ("DELETE", "/oauth/{forge}"): [sent("/oauth/gitlab"), sent("/oauth/github")],
}
"""In the order in which they are sent; a route that is not here fails the test."""

REQUESTS = [(method, each) for (method, _), requests in ROUTES.items() for each in requests]

_TEXT = json.dumps(REFUSED_VALUE)
BODIES = {
    "not JSON": {"content": REFUSED_VALUE.encode(), "headers": JSON},
    "cut off": {"content": f'{{"value": {_TEXT}'.encode(), "headers": JSON},
    "a text": {"content": _TEXT.encode(), "headers": JSON},
    "a list": {"content": f"[{_TEXT}]".encode(), "headers": JSON},
    "a list for a text": {"content": f'{{"value": [{_TEXT}], "token": {{"a": {_TEXT}}}}}'.encode(), "headers": JSON},
    "a text for a number": {"content": f'{{"version": {_TEXT}, "dry_run": {_TEXT}}}'.encode(), "headers": JSON},
    "an unknown field": {"content": f"{{{_TEXT}: {_TEXT}}}".encode(), "headers": JSON},
    "a field twice": {"content": f'{{"value": {_TEXT}, "value": {_TEXT}}}'.encode(), "headers": JSON},
    "not UTF-8": {"content": REFUSED_VALUE.encode() + b"\xff", "headers": JSON},
    "half a surrogate pair": {"content": f'{{"value": "{"x"}\\ud800", {_TEXT}: 1}}'.encode(), "headers": JSON},
    "NUL": {
        "content": json.dumps({"value": f"{REFUSED_VALUE}\0", "token": f"{REFUSED_VALUE}\0"}).encode(),
        "headers": JSON,
    },
    "a form": {"data": {"value": REFUSED_VALUE}},
    "too large": {"content": REFUSED_VALUE.encode() * 60_000, "headers": JSON},
}
"""Bodies that no route takes, each with a secret in it."""
