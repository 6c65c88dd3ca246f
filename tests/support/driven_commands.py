"""Every command, called so that each secret passes through it: rightly, wrongly, and where it fails."""

from dataclasses import dataclass

from tests.support.sentinels import ACCESS, AGENT, AGENT_NEWER, API_TOKEN, GENERIC, GENERIC_DOCUMENT, REFUSED, VALUES

KEY = "forgejo:reviewer:acme/api:42"
TOKEN = "agent_token:reviewer"


@dataclass(frozen=True)
class Call:
    """Arguments behind the command's name, what is typed, the exit code and which secrets the output may show.

    In arguments `{outside}` is a directory that nothing scans, `{fresh}` a new one below it and `{id}`
    the id of an API token. A `code` of None is any.
    """

    args: tuple[str, ...] = ()
    stdin: str = ""
    code: int | None = 0
    shows: frozenset[str] = frozenset()


def call(*args, stdin="", code=0, shows=()):
    return Call(args, stdin, code, frozenset(shows))


NEWER, REFUSED_VALUE = VALUES[AGENT_NEWER], VALUES[REFUSED]

DRIVEN_BY_A_PROCESS = [call(code=None)]
"""`serve` does not end by itself: a test of its own runs it."""

COMMANDS: dict[str, list[Call]] = {
    "serve": DRIVEN_BY_A_PROCESS,
    "completion": [call("bash"), call(REFUSED_VALUE, code=2)],
    "openapi": [call()],
    "version": [call()],
    "migrate": [call("--dry-run", code=None), call(code=None), call("--progress", "json", code=None)],
    "secrets set": [
        call(TOKEN, stdin=NEWER),
        call("plain", stdin=GENERIC_DOCUMENT),
        call("plain", "--from-file", "{outside}/generic"),
        call(TOKEN, stdin=f"{REFUSED_VALUE} with a space", code=2),
        call(TOKEN, stdin=f"{REFUSED_VALUE}\n{REFUSED_VALUE}", code=2),
        call("plain", "--if-version", "99", stdin=REFUSED_VALUE, code=6),
        call("plain", "--expires", REFUSED_VALUE, stdin=REFUSED_VALUE, code=2),
        call("plain", REFUSED_VALUE, code=2),
        call("plain", f"--value={REFUSED_VALUE}", code=2),
        call(f"No name {REFUSED_VALUE}", stdin=REFUSED_VALUE, code=2),
        call("penpot_api_token", "--verify", stdin=REFUSED_VALUE, code=9),
    ],
    "secrets get": [
        call(TOKEN, shows=[AGENT_NEWER]),
        call(TOKEN, "--version", "1", shows=[AGENT]),
        call("plain", shows=[GENERIC]),
        call("nothing", code=5),
        call(TOKEN, "--version", "999", code=5),
    ],
    "secrets list": [call(), call("--check"), call("--deleted")],
    "secrets history": [call(TOKEN), call("nothing", code=5)],
    "secrets rollback": [call(TOKEN, "1"), call(TOKEN, "999", code=5), call(TOKEN, REFUSED_VALUE, code=2)],
    "secrets destroy": [call("plain", "1", "--confirm", "plain"), call("plain", "1", code=2)],
    "secrets delete": [call("penpot_api_token", "--confirm", "penpot_api_token"), call("plain", code=2)],
    "secrets undelete": [call("penpot_api_token"), call("nothing", code=5)],
    "secrets drill": [call("--begin"), call(), call("--end"), call("--begin", "--end", code=2)],
    "secrets forget-damaged": [call("--confirm", "damaged"), call(code=2)],
    "agents list": [call()],
    "agents rotate-token": [
        call("reviewer", stdin=NEWER),
        call("reviewer", stdin=f"{REFUSED_VALUE} {REFUSED_VALUE}", code=2),
        call("reviewer", "--if-version", "99", stdin=REFUSED_VALUE, code=6),
        call("reviewer", "--verify", stdin=REFUSED_VALUE, code=9),
        call("reviewer", REFUSED_VALUE, code=2),
    ],
    "oauth list": [call()],
    "oauth show": [call("gitlab"), call(REFUSED_VALUE, code=2)],
    "oauth connect": [call("gitlab", code=6), call(REFUSED_VALUE, code=2)],
    "oauth refresh": [call("gitlab", code=None), call("github", code=5)],
    "oauth access-token": [
        call("gitlab", code=None, shows=[ACCESS]),
        call("gitlab", "--rejected", "-", stdin=REFUSED_VALUE, code=None, shows=[ACCESS]),
        call("github", code=5),
        call("gitlab", REFUSED_VALUE, code=2),
    ],
    "git-credential": [
        call("get", stdin=f"protocol=https\nhost=gitlab.com\npassword={REFUSED_VALUE}\n", code=None, shows=[ACCESS]),
        call("store", stdin=f"protocol=https\nhost=gitlab.com\npassword={REFUSED_VALUE}\n"),
        call("erase", stdin=f"protocol=https\nhost=gitlab.com\npassword={REFUSED_VALUE}\n"),
        call("get", stdin=REFUSED_VALUE, code=2),
    ],
    "backup create": [call()],
    "backup list": [call()],
    "backup verify": [call(REFUSED_VALUE, code=5), call(f"{REFUSED_VALUE}/{REFUSED_VALUE}", code=5)],
    "backup restore": [
        call(REFUSED_VALUE, code=5),
        call(REFUSED_VALUE, "--dry-run", code=5),
        call(REFUSED_VALUE, "--confirm", REFUSED_VALUE, code=5),
        call(REFUSED_VALUE, REFUSED_VALUE, code=2),
    ],
    "backup rehearse": [call()],
    "backup prune": [call("--dry-run"), call("--keep", REFUSED_VALUE, code=2), call()],
    "backup push": [call(code=2)],
    "backup fetch": [
        call(REFUSED_VALUE, code=2),
        call(REFUSED_VALUE, "--identity-file", "{outside}/generic", code=2),
        call(REFUSED_VALUE, "--identity-file", REFUSED_VALUE, code=2),
    ],
    "mounts open": [
        call("reviewer"),
        call("reviewer", "--format", "docker"),
        call("nobody", code=5),
        call(f"no name {REFUSED_VALUE}", code=2),
        call("reviewer", "--user", REFUSED_VALUE, code=2),
        call("reviewer", "--uid-map", REFUSED_VALUE, code=2),
        call("reviewer", "--target", REFUSED_VALUE, code=2),
        call("reviewer", "--format", REFUSED_VALUE, code=2),
    ],
    "mounts list": [call()],
    "mounts exec": [
        call("reviewer", "--", "true"),
        call("nobody", "--", REFUSED_VALUE, code=5),
        call("reviewer", "--", REFUSED_VALUE, code=127),
        call("reviewer", "--user", REFUSED_VALUE, "--", "true", code=2),
    ],
    "mounts reconcile": [call()],
    "mounts close": [call("reviewer"), call("nobody", code=5)],
    "api-tokens create": [
        call("--name", "ci", "--grant", "admin", shows=[API_TOKEN]),
        call("--name", "ci", "--grant", REFUSED_VALUE, code=2),
    ],
    "api-tokens list": [call()],
    "api-tokens revoke": [call("{id}"), call("nothing", code=5)],
    "sessions set": [call(KEY, "session-9"), call(REFUSED_VALUE, "x", code=2)],
    "sessions get": [call(KEY), call(REFUSED_VALUE, code=5)],
    "sessions list": [call()],
    "sessions prune": [call("--dry-run"), call("--older-than", REFUSED_VALUE, code=2)],
    "sessions delete": [call(KEY), call("nothing", code=5)],
    "legacy archive": [call()],
    "legacy restore": [call("{fresh}"), call("{outside}", code=6)],
    "legacy export": [call("{fresh}"), call("{outside}", code=6)],
    "config show": [call()],
    "config set": [
        call("session_ttl_days", "60"),
        call("gitlab_client_secret", REFUSED_VALUE, code=2),
        call("session_ttl_days", REFUSED_VALUE, code=2),
        call(REFUSED_VALUE, REFUSED_VALUE, code=2),
    ],
    "config unset": [call("session_ttl_days"), call(REFUSED_VALUE, code=2)],
    "keys status": [call()],
    "keys verify": [call()],
    "keys rotate": [call()],
    "keys kit": [
        call(code=2),
        call("--to", "{fresh}"),
        call("--prove", stdin="{master}"),
        call("--prove", stdin=REFUSED_VALUE, code=None),
        call("--prove", stdin="{newer master}", code=8),
    ],
    "status": [call()],
    "doctor": [call(code=None), call("--deep", code=None)],
    "audit list": [call(), call("--action", REFUSED_VALUE, code=2)],
    "audit verify": [call(), call("--known", REFUSED_VALUE, code=2)],
    "audit prune": [call("--older-than", "365d", "--confirm", "audit"), call(code=2)],
    "oauth disconnect": [call("gitlab", "--confirm", "gitlab"), call("github", "--confirm", "github", code=5)],
    "keys change-master": [
        call("--new-key-file", "{outside}/generic", code=8),
        call("--new-key-file", "{outside}/newer.key"),
    ],
}
"""In the order in which they are called; a command that is not here fails the test."""

CALLS = [(name, each) for name, calls in COMMANDS.items() if calls is not DRIVEN_BY_A_PROCESS for each in calls]
