"""Sessions for the contract of session_store: keys, ids and instants that are odd, and that are malformed."""

from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.instants import EARLIEST_MS, END_MS
from domain.sessions import Session

KEY = "forgejo:reviewer:acme/api:42"
OTHER = "github:builder:acme/web:7"

ODD_KEYS = [
    "gitlab:a:b:c",
    "gitlab:a:b:c:d:e",
    "gitlab:a:http://host:8080/x:1",
    "forgejo:re.vie-wer_1:acme/api:#42!",
    "forgejo:reviewer:acme/ünïcode:1",
    "forgejo:reviewer:acme/🔑:1",
    "forgejo:reviewer: spaced : out :1",
    "forgejo:reviewer:quote'\"`;--:1",
    "forgejo:reviewer:back\\slash:1",
    "forgejo:reviewer:__proto__:1",
    "forgejo:reviewer:" + "r" * 1_005 + ":1",
]
MALFORMED_KEYS = [
    "",
    "forgejo",
    "forgejo:reviewer:acme/api",
    "forgejo:reviewer:acme/api:",
    "forgejo:reviewer::42",
    "forgejo::acme/api:42",
    "forgejo:-reviewer:acme/api:42",
    "bitbucket:reviewer:acme/api:42",
    "Forgejo:reviewer:acme/api:42",
    " forgejo:reviewer:acme/api:42",
    "forgejo:reviewer:acme/api:42\n",
    "forgejo:reviewer:acme/api:4 2",
    "forgejo:reviewer:acme\napi:42",
    "forgejo:reviewer:acme\x00api:42",
    "forgejo:reviewer:acme\x7fapi:42",
    "forgejo:reviewer:acme\ud800api:42",
    "forgejo:" + "a" * 65 + ":acme/api:42",
    "forgejo:reviewer:acme/api:" + "4" * 65,
    "forgejo:reviewer:" + "r" * 1_006 + ":1",
]
ODD_IDS = ["0", "null", " spaced ", "id 🔑 ид", "é", "e\u0301", "'; DROP TABLE x; --", '"quoted"', "\\", "i" * 1_024]
MALFORMED_IDS = ["", " ", "\t", "\u00a0", "a\nb", "a\x00b", "a\x85b", "a\ud800b", "i" * 1_025]
MALFORMED_INSTANTS = [0, -1, NOON // 1_000, EARLIEST_MS - 1, END_MS, NOON * 1_000, 2**63, -(2**63) - 1]


def session(key=KEY, session_id="first", *, used_at=NOON, created_at=NOON):
    return Session(key, session_id, last_used_at=used_at, created_at=created_at)


def key_at(number, *, repo="acme/api"):
    return f"forgejo:reviewer:{repo}:{number:04}"
