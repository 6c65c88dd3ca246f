"""A client that writes to places of its own without pause, and knows what it was promised."""

import http.client
import json
import random
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote

from tests.support.soak_lives import Lives
from tests.support.soak_places import Content, Lost, Place

CANARY = "canary-of-the-soak"
"""In every secret that is stored."""

_PAUSE_S = 0.004
_PATIENCE_S = 60
_IDLE_S = 3
"""The service closes connections that were idle for 5 s."""

_SESSIONS, _SECRETS, _AGENTS = 20, 8, 4


class Unanswered(Exception):
    """The service was killed before it answered; another life of it has begun."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict
    headers: http.client.HTTPMessage


class _OverSocket(HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=_PATIENCE_S)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_PATIENCE_S)
        self.sock.connect(self._path)


@dataclass
class Line:
    """A connection to the service that is made anew for each of its lives; without a token over the Unix socket."""

    lives: Lives
    token: str | None
    _life: int = 0
    _used: float = 0
    _connection: HTTPConnection | None = None

    def ask(self, method, path, body=None, **headers):
        """Return the answer; raises `Unanswered` if the service was killed, and `Lost` if it broke off unkilled."""
        life = self.lives.number
        try:
            return self._ask(life, method, path, body, {name.replace("_", "-"): each for name, each in headers.items()})
        except (OSError, HTTPException) as error:
            self._life = 0
            if not self.lives.wait_for_one_after(life):
                raise Lost(f"{method} broke off ({type(error).__name__}), and nobody had killed the service") from error
            raise Unanswered from error

    def _ask(self, life, method, path, body, headers):
        if self._life != life or time.monotonic() - self._used > _IDLE_S:
            self._connect(life)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        raw = response.read()
        self._used = time.monotonic()
        return Answer(response.status, json.loads(raw) if raw else {}, response.headers)

    def _connect(self, life):
        if self._connection is not None:
            self._connection.close()
        home = self.lives.home
        self._connection = (
            HTTPConnection("127.0.0.1", home.port, timeout=_PATIENCE_S) if self.token else _OverSocket(home.socket_path)
        )
        self._connection.connect()
        self._life = life


@dataclass
class Client(threading.Thread):
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
        super().__init__(name=self.name, daemon=True)
        self.sessions = [Place(f"/sessions/forgejo:{self.name}:acme/api:{n}") for n in range(_SESSIONS)]
        self.secrets = [Place(f"/secrets/soak:{self.name}/{n}") for n in range(_SECRETS)]
        self.agents = [Place(f"/secrets/agent_token:{self.name}-{n}") for n in range(_AGENTS)]
        self.rolled = Place(f"/secrets/rolled:{self.name}")
        self._first_values = []
        self._named = None
        self._count = 0

    def __hash__(self):
        return id(self)

    def run(self):
        try:
            self._prepare()
            acts, weights = zip(*self._ACTS, strict=True)
            while not self.is_over.wait(_PAUSE_S):
                self.numbers.choices(acts, weights)[0](self)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the soak tells it
            self.fault = fault

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
        self._write("session.put", place, "PUT", place.path, {"session_id": value}, value)

    def _delete_session(self):
        place = self._settled(self.sessions)
        if place.known.value is not None:
            self._write("session.delete", place, "DELETE", place.path, None, None)

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
        if self.rolled.doubtful:
            self._look_at_secret(self.rolled)
        version = self.numbers.choice([1, 2])
        self._named = None
        key, value = self._fresh("key"), self._first_values[version - 1]
        answer = self._ask_named("secret.rollback", f"{self.rolled.path}/rollback", {"version": version}, key)
        if answer.status == 409 and answer.body["code"] == "request_unfinished":
            self.rolled.unanswered(value)
            self._look_at_secret(self.rolled)
            return
        self._expect(answer, 200)
        self.rolled.acknowledged(Content(value, answer.body["version"]))
        self._named = (key, version, answer.body)

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

    def _prepare(self):
        """Give the secret that is rolled back two versions; nobody is killed yet."""
        for _ in range(2):
            self._store(self.rolled, "PUT", self.rolled.path, "value")
            self._first_values.append(self.rolled.known.value)

    def _store(self, place, method, path, field_name):
        value = self._fresh(CANARY)
        known = place.known.version
        condition = {"If_Match": f'"{known}"'} if known else {"If_None_Match": "*"}
        self._write("secret.write", place, method, path, {field_name: value}, value, **condition)

    def _write(self, act, place, method, path, body, value, **headers):
        try:
            answer = self._ask(act, method, path, body, **headers)
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
        answer = self._read("session.get", quote(place.path, safe="/:"))
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
