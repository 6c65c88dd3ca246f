"""A client that writes to places of its own without pause, and knows what it was promised."""

import random
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from tests.support.soak_line import Line, Unanswered
from tests.support.soak_places import Content, Lost, Place

CANARY = "canary-of-the-soak"
"""In every secret that is stored."""

_PAUSE_S = 0.004
_GONE_BACK = 3
_SESSIONS, _SECRETS, _AGENTS = 20, 8, 4


@dataclass
class Client:
    """Does one thing after another until `is_over`; what went wrong is in `fault`."""

    name: str
    line: Line
    numbers: random.Random
    is_over: threading.Event
    done: Counter = field(default_factory=Counter)
    """How many requests were acknowledged, by the word of the audit log where it has one."""
    unanswered: Counter = field(default_factory=Counter)
    fault: Exception | None = None
    tokens: dict[str, bool] = field(default_factory=dict)
    """By name whether making it was acknowledged."""

    def __post_init__(self):
        self.sessions = [Place(f"/sessions/forgejo:{self.name}:acme/api:{n}") for n in range(_SESSIONS)]
        self.secrets = [Place(f"/secrets/soak:{self.name}/{n}", has_versions=True) for n in range(_SECRETS)]
        self.agents = [Place(f"/secrets/agent_token:{self.name}-{n}", has_versions=True) for n in range(_AGENTS)]
        self.rolled = Place(f"/secrets/rolled:{self.name}", has_versions=True)
        self._rolled_values = [""]  # by version, and there is no version 0
        self._named = None
        self._count = 0

    def run(self):
        try:
            acts, weights = zip(*self._ACTS, strict=True)
            while not self.is_over.wait(_PAUSE_S):
                with suppress(Unanswered):
                    self.numbers.choices(acts, weights)[0](self)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the soak tells it
            self.fault = fault

    def prepare(self):
        """Give the secret that is rolled back some versions to go back to; nobody is killed yet."""
        for _ in range(_GONE_BACK + 1):
            self._store(self.rolled, "PUT", self.rolled.path, "value")
            self._rolled_values.append(self.rolled.known.value)

    def read_all(self):
        """Read every place once more; raises `Lost`."""
        for place in self.sessions:
            self._look_at_session(place)
        for place in (*self.secrets, *self.agents, self.rolled):
            self._look_at_secret(place)
        self._list()

    # What it does

    def _put_session(self):
        place, value = self._settled(self.sessions), self._fresh("session")
        self._write(place, value, "session.put", "PUT", place.path, {"session_id": value})

    def _delete_session(self):
        place = self._settled(self.sessions)
        if place.known.value is not None:
            self._write(place, None, "session.delete", "DELETE", place.path)

    def _get_session(self):
        self._look_at_session(self.numbers.choice(self.sessions))

    def _put_secret(self):
        place = self._settled(self.secrets)
        self._store(place, "PUT", place.path, "value")

    def _rotate(self):
        place = self._settled(self.agents)
        self._store(place, "PATCH", f"/agents/{place.path.rpartition(':')[2]}/token", "token")

    def _get_secret(self):
        self._look_at_secret(self.numbers.choice([*self.secrets, *self.agents, self.rolled]))

    def _put_with_an_old_tag(self):
        place = self._settled(self.secrets)
        if place.known.version > 1:
            stale = f'"{place.known.version - 1}"'
            self._expect(self._ask("stale", "PUT", place.path, {"value": self._fresh(CANARY)}, If_Match=stale), 412)

    def _list(self):
        settled = {place.path: place.known.value for place in self.sessions if place.is_settled}
        answer = self._ask("list", "GET", f"/sessions?prefix=forgejo:{self.name}:&limit=1000")
        self._expect(answer, 200)
        found = {f"/sessions/{each['key']}": each["session_id"] for each in answer.body["sessions"]}
        wrong = [path for path, value in settled.items() if found.get(path) != value]
        if wrong:
            raise Lost(f"a listing has another value than was acknowledged at {wrong}")
        for path in ("/secrets?limit=50", "/agents"):
            self._expect(self._ask("list", "GET", path), 200)

    def _roll_back(self):
        version = self.rolled.known.version - self.numbers.randint(1, _GONE_BACK)
        key, value, self._named = self._fresh("key"), self._rolled_values[version], None
        answer = self._ask_named("secret.rollback", f"{self.rolled.path}/rollback", {"version": version}, key)
        if answer.status == 409 and answer.body["code"] == "request_unfinished":
            self.rolled.unanswered(value)
            self._look_at_secret(self.rolled)
        else:
            self._expect(answer, 200)
            self.rolled.acknowledged(Content(value, answer.body["version"]))
            self._named = (key, version, answer.body)
        if self.rolled.known.version == len(self._rolled_values):
            self._rolled_values.append(value)

    def _roll_back_again(self):
        """Send what was acknowledged once more, often in another life of the service."""
        if self._named is None:
            return
        key, version, first = self._named
        again = self._ask_named("again", f"{self.rolled.path}/rollback", {"version": version}, key)
        if (again.status, again.body, again.headers["Idempotency-Replayed"]) != (200, first, "true"):
            raise Lost(f"a request that was done was not answered again but {again.status} {again.body}")

    def _make_token(self):
        key = self._fresh("token")
        answer = self._ask_named("api_token.create", "/api-tokens", {"name": key, "grants": ["read:/livez"]}, key)
        self.tokens[key] = answer.status == 201 or answer.body["code"] == "shown_once"
        if not self.tokens[key] and answer.body["code"] != "request_unfinished":
            self._expect(answer, 201)

    _ACTS = (
        (_put_session, 20),
        (_get_session, 25),
        (_delete_session, 2),
        (_put_secret, 15),
        (_get_secret, 20),
        (_rotate, 5),
        (_put_with_an_old_tag, 2),
        (_list, 3),
        (_roll_back, 4),
        (_roll_back_again, 3),
        (_make_token, 1),
    )

    # How

    def _store(self, place, method, path, field_name):
        value = self._fresh(CANARY)
        known = place.known.version
        condition = {"If_Match": f'"{known}"'} if known else {"If_None_Match": "*"}
        self._write(place, value, "secret.write", method, path, {field_name: value}, **condition)

    def _write(self, place, value, *request, **headers):
        try:
            answer = self._ask(*request, **headers)
        except Unanswered:
            place.unanswered(value)
            return
        self._expect(answer, 200, 201, 204)
        place.acknowledged(Content(value, answer.body.get("version", 0)))

    def _settled(self, places):
        place = self.numbers.choice(places)
        while not place.is_settled:
            (self._look_at_session if place in self.sessions else self._look_at_secret)(place)
        return place

    def _look_at_session(self, place):
        answer = self._read("session.get", place.path)
        place.found(Content(answer.body.get("session_id")))

    def _look_at_secret(self, place):
        answer = self._read("secret.read", f"{place.path}/value")
        place.found(Content(answer.body.get("value"), answer.body["version"] if answer.status == 200 else 0))

    def _read(self, act, path):
        while True:
            try:
                answer = self._ask(act, "GET", path)
            except Unanswered:
                continue
            self._expect(answer, 200, 404)
            return answer

    def _ask_named(self, act, path, body, key):
        """Ask until there is an answer, each time under the same Idempotency-Key."""
        while True:
            try:
                return self._ask(act, "POST", path, body, Idempotency_Key=key)
            except Unanswered:
                continue

    def _ask(self, act, method, path, body=None, **headers):
        try:
            answer = self.line.ask(method, path, body, **headers)
        except Unanswered:
            self.unanswered[act] += 1
            raise
        self.done[act] += answer.status < 400
        return answer

    def _expect(self, answer, *statuses):
        if answer.status not in statuses:
            raise Lost(f"answered {answer.status} {answer.body}, and not {statuses}")

    def _fresh(self, word):
        self._count += 1
        return f"{word}-{self.name}-{self._count}"
