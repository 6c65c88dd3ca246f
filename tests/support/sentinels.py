"""Made-up secrets of every kind, and a watch that recognises them in whatever comes out."""

import base64
import json
import logging
import re
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.support.legacy_home import disguises

AGENT = "agent token"
AGENT_NEWER = "newer agent token"
REFUSED = "token that is refused"
PENPOT = "Penpot token"
ACCESS = "OAuth access token"
REFRESH = "OAuth refresh token"
GENERIC = "generic secret"
CLIENT = "client secret"
API_TOKEN = "API token"
MASTER = "master key"
MASTER_NEWER = "newer master key"

# Each with characters that URLs, JSON and shells escape, and with none that a token may not have.
VALUES = {
    AGENT: "agt/Q7+x'Zed\"4f~1a9c",
    AGENT_NEWER: "new/W3+k'Yup\"8b~7d2e",
    REFUSED: "ref/M5+n'Oak\"2c~6f8b",
    PENPOT: "pen/J9+s'Elm\"6d~3b5f",
    ACCESS: "acc/F1+t'Ash\"9e~8c4a",
    REFRESH: "rfr/D4+u'Fir\"3a~5e7d",
    GENERIC: "gen/L8+v'Yew\"7f~2d6c",
    CLIENT: "cli/H2+w'Box\"1b~4a9e",
}
GENERIC_DOCUMENT = json.dumps({"name": "service", "key": VALUES[GENERIC], "list": [1, {"x": None}]})
_API_TOKEN = re.compile(rb"srt_[0-9A-Za-z]{40,}")
_VERSIONS = frozenset({AGENT, AGENT_NEWER})
_NOBODYS = frozenset({"httpx2", "httpcore2", "httpx", "httpcore"})
"""Loggers of the tests' own HTTP client, which tells what it sends."""


@dataclass(frozen=True)
class Leak:
    """A secret of a kind came out somewhere it must not."""

    kind: str
    where: str


class Watch:
    """Scans what it is shown for every secret it knows; `leaks` are those that nothing allowed."""

    def __init__(self) -> None:
        self.leaks: list[Leak] = []
        self.seen: Counter[str] = Counter()
        self._shapes = {kind: disguises(value) | {_escaped_twice(value)} for kind, value in VALUES.items()}

    def learn_key(self, kind: str, path: Path) -> None:
        """Know the master key in `path`: as text, in the groups of a key kit, and as bytes."""
        text = path.read_text().strip()
        raw = base64.b64decode(text)
        groups = " ".join(text[at : at + 4] for at in range(0, len(text), 4))
        self._shapes[kind] = {*disguises(text), groups.encode(), raw, raw.hex().encode(), raw.hex().upper().encode()}

    def learn_tokens(self, text: str) -> None:
        """Know the disguises of the API tokens that `text` shows from now on; a bare one is known by its look."""
        for token in _API_TOKEN.findall(text.encode("utf-8", "surrogateescape")):
            self._shapes.setdefault(API_TOKEN, set()).update(disguises(token.decode()))

    def look(self, where: str, output: str | bytes, allowed: frozenset[str] = frozenset()) -> set[str]:
        """Look at an output; returns the kinds of secret in it, which are leaks unless `allowed`.

        Who may be shown one version of a secret may be shown another.
        """
        content = output.encode("utf-8", "surrogateescape") if isinstance(output, str) else output
        kinds = {kind for kind, shapes in self._shapes.items() if any(shape in content for shape in shapes)}
        kinds |= {API_TOKEN} if _API_TOKEN.search(content) else set()
        self.seen.update([where.partition(" ")[0]])
        versions = _VERSIONS if allowed & _VERSIONS else frozenset()
        self.leaks += [Leak(kind, where) for kind in sorted(kinds - allowed - versions)]
        return kinds

    def look_at_error(self, where: str, error: BaseException) -> None:
        """Look at an exception and at all that it came from, whether a traceback would show them or not."""
        for each in chain_of(error):
            told = [str(each), *map(str, getattr(each, "__notes__", ())), *traceback.format_exception(each)]
            advice = getattr(each, "advice", None)
            self.look(f"exception {where}", "\n".join([*told, str(advice)]))

    def look_at_files(self, *roots: Path, but: tuple[Path, ...] = ()) -> None:
        """Look at every file below `roots`, and at its name, but not at those `but` or below them."""
        for root in roots:
            for path in root.rglob("*"):
                if not any(path.is_relative_to(exempt) for exempt in but):
                    self.look(f"name {path}", str(path))
                    if path.is_file():
                        self.look(f"file {path}", path.read_bytes())


def _escaped_twice(value: str) -> bytes:
    """Show a value as JSON in JSON does."""
    return json.dumps(json.dumps(value)[1:-1])[1:-1].encode()


def chain_of(error: BaseException) -> list[BaseException]:
    """Give an exception, its causes and its contexts, suppressed ones too, each once."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in found:
            found.append(each)
            waiting += [each.__cause__, each.__context__]
    return found


class LogWatch(logging.Handler):
    """Shows a watch every log record of every level: message, arguments, labels and traceback."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.DEBUG)
        self._watch = watch
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] not in _NOBODYS:
            arguments = record.args.values() if isinstance(record.args, dict) else record.args or ()
            told = [self._formatter.format(record), record.msg, *arguments, *vars(record).values()]
            self._watch.look(f"log {record.name}", "\n".join(map(str, told)))
