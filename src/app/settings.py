"""Settings: every one with its default, its meaning, and where its value came from.

Precedence: flag > environment > file named by `X_FILE` > systemd credential > settings table > default.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from domain.errors import Invalid
from domain.values import SecretValue

PREFIX = "STRONGROOM_"
_FILE_SUFFIX = "_FILE"
_FILE_LIMIT = 65_536
_STORED = "settings table"
_DIGITS = 9
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
_SCHEMES = ("sqlite:///", "postgresql+psycopg://")

Environ = Mapping[str, str]


def _flag(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise Invalid("neither 1 nor 0")
    return text.lower() in _TRUE


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if len(text) > _DIGITS or not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise Invalid(f"not a whole number from {low} to {high}")
        return int(text)

    return parse


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _database(text: str) -> str:
    if not text.startswith(_SCHEMES):
        raise Invalid(f"not a database URL: {' or '.join(s + '…' for s in _SCHEMES)} was expected")
    return text


def _keyring(text: str) -> str:
    service, _, username = text.partition("/")
    if not (service and username):
        raise Invalid("not an entry of a keyring: service/username was expected")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise Invalid(f"not one of {', '.join(words)}")
        return text

    return parse


def _setting(
    meaning: str,
    parse: Callable[[str], object] = str,
    default: str | None = None,
    *,
    stored: bool = False,
) -> Any:  # noqa: ANN401 - as dataclasses.field, whose result takes the type of its attribute
    """Declare a setting: its meaning, how its text is read, its default; `stored`: the settings table may hold it."""
    metadata = {"meaning": meaning, "parse": parse, "default": default, "stored": stored}
    return field(metadata=MappingProxyType(metadata))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, parsed. `origins` tells for each where it came from, for people."""

    state_dir: Path = _setting("database, backups, legacy sessions.json and gitlab-oauth-token.json", _path)
    config_dir: Path = _setting("master key file, legacy tokens/ and penpot-token", _path)
    runtime_dir: Path = _setting("token mounts; must be memory-backed", _path)
    database_url: str = _setting("where everything is kept", _database)
    backup_dir: Path = _setting("backups and their manifests", _path)
    master_key_file: Path = _setting("32 random bytes, base64", _path)
    master_key: SecretValue | None = _setting("the master key itself", SecretValue)
    master_key_keyring: str | None = _setting("keyring entry that holds the master key, service/username", _keyring)
    allow_env_secrets: bool = _setting("accept secrets in environment variables", _flag, "0")
    host: str = _setting("listener's address", str, "127.0.0.1")
    port: int = _setting("listener's port; 0 turns TCP off", _number(0, 65_535), "8787")
    socket: Path | None = _setting("Unix socket", _path)
    behind_proxy: bool = _setting("a proxy in front of us speaks TLS", _flag, "0")
    tls_cert_file: Path | None = _setting("TLS: our certificate and those between it and a root, PEM", _path)
    tls_key_file: Path | None = _setting("TLS: the key of our certificate, PEM", _path)
    rate_limit: int = _setting("requests a minute from one caller; 0: any number", _number(0, 100_000_000), "60000")
    failure_limit: int = _setting(
        "requests a minute from one address without a token that we know; 0: any number", _number(0, 1_000_000), "300"
    )
    vault_compat: bool = _setting("answer reads of Vault's KV version 2 below /v1", _flag, "0")
    public_url: str = _setting("base of OAuth redirect URIs", str, stored=True)
    session_ttl_days: int = _setting("a session unused for longer is stale", _number(1, 36_500), "30", stored=True)
    archive_ttl_days: int = _setting(
        "how long removed legacy files stay in the archive", _number(1, 36_500), "30", stored=True
    )
    audit_ttl_days: int = _setting("how long events stay in the audit log", _number(1, 36_500), "365", stored=True)
    backup_keep: str = _setting("retention of backups", str, "last=5,daily=7,weekly=4,monthly=6", stored=True)
    backup_interval_hours: int = _setting("0 turns the schedule off", _number(0, 87_600), "24", stored=True)
    gitlab_url: str = _setting("GitLab's base URL", str, "https://gitlab.com", stored=True)
    gitlab_client_id: str | None = _setting("OAuth client at GitLab", str, stored=True)
    gitlab_client_secret: SecretValue | None = _setting("OAuth client secret at GitLab", SecretValue)
    gitlab_scopes: str = _setting("what is asked of GitLab", str, "api read_repository write_repository", stored=True)
    github_url: str = _setting("GitHub's base URL", str, "https://github.com", stored=True)
    github_client_id: str | None = _setting("OAuth client at GitHub", str, stored=True)
    github_client_secret: SecretValue | None = _setting("OAuth client secret at GitHub", SecretValue)
    github_scopes: str = _setting("what is asked of GitHub", str, "repo read:user", stored=True)
    forgejo_url: str | None = _setting("Forgejo's base URL", str, stored=True)
    forgejo_client_id: str | None = _setting("OAuth client at Forgejo", str, stored=True)
    forgejo_client_secret: SecretValue | None = _setting("OAuth client secret at Forgejo", SecretValue)
    forgejo_scopes: str = _setting(
        "what is asked of Forgejo", str, "read:user write:repository write:issue", stored=True
    )
    penpot_url: str = _setting("Penpot's base URL", str, "https://design.penpot.app", stored=True)
    log_level: str = _setting("debug, info, warning or error", _one_of("debug", "info", "warning", "error"), "info")
    log_format: str | None = _setting("console or json", _one_of("console", "json"))
    credential: Path | None = field(default=None, metadata={"hidden": True})
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, metadata={"hidden": True})

    @property
    def sqlite_path(self) -> Path:
        """Where the SQLite database lies. Raises `Invalid` if the database is another one."""
        if not self.database_url.startswith("sqlite:///"):
            raise Invalid(
                "this version keeps its database in SQLite only",
                advice="unset STRONGROOM_DATABASE_URL, or name a file as sqlite:////path/to/agents.db",
            )
        return _path(self.database_url.removeprefix("sqlite:///"))

    def may_be_stored(self, name: str) -> bool:
        """Tell whether the settings table may hold `name`, and counts: nothing outside sets it."""
        return bool(SPECS[name]["stored"]) and self.origins.get(name) in {"default", _STORED}

    def with_stored(self, stored: Mapping[str, str]) -> "Settings":
        """Lay the settings table under what was set from outside."""
        changes: dict[str, Any] = {}
        for name, text in stored.items():
            if name in SPECS and self.may_be_stored(name):
                changes[name] = _parsed(name, text, f"the {_STORED}")
        origins = {**self.origins, **dict.fromkeys(changes, _STORED)}
        return replace(self, **changes, origins=origins) if changes else self


SPECS: Final[Mapping[str, Mapping[str, Any]]] = {
    f.name: f.metadata for f in fields(Settings) if not f.metadata.get("hidden")
}


def load_settings(environ: Environ, flags: Mapping[str, object] | None = None) -> Settings:
    """Gather the settings from flags and environment. Raises `Invalid`, naming the setting and never its value."""
    flags = {name: value for name, value in (flags or {}).items() if value is not None}
    _refuse_unknown(environ, flags)
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, spec in SPECS.items():
        found = _from_outside(name, environ, flags, Path(credentials) if credentials else None)
        text, origin = found or (spec["default"] or _derived(name, environ, values), "default")
        values[name] = None if text is None else _parsed(name, text, origin)
        origins[name] = origin
    _refuse_secrets_in_environment(values, origins)
    return Settings(**values, credential=_key_credential(credentials), origins=origins)


def _from_outside(
    name: str, environ: Environ, flags: Mapping[str, object], credentials: Path | None
) -> tuple[str, str] | None:
    """Return a setting's text and origin, or None if nothing outside sets it. Empty is the same as unset."""
    if name in flags:
        return str(flags[name]), "flag"
    variable = PREFIX + name.upper()
    value, file = environ.get(variable), environ.get(variable + _FILE_SUFFIX)
    if name == "master_key":
        file = None  # STRONGROOM_MASTER_KEY_FILE is a setting of its own, and the two may agree
    if value and file:
        raise Invalid(f"{variable} and {variable}{_FILE_SUFFIX} are both set", advice="keep one of them")
    if value:
        return value, "environment"
    if file:
        return _file_text(Path(file), variable + _FILE_SUFFIX), f"file {file}"
    if credentials is not None and name != "master_key":
        credential = credentials / f"strongroom-{name.replace('_', '-')}"
        if credential.is_file():
            return _file_text(credential, "the systemd credential"), f"systemd credential {credential.name}"
    return None


def _derived(name: str, environ: Environ, values: Mapping[str, Any]) -> str | None:
    """Give the defaults that depend on the environment or on other settings."""
    if name == "runtime_dir":
        return f"{_xdg('XDG_RUNTIME_DIR', environ) or '/run'}/claude-hooks"
    directories = {"state_dir": ("XDG_STATE_HOME", ".local/state"), "config_dir": ("XDG_CONFIG_HOME", ".config")}
    if name in directories:
        variable, below_home = directories[name]
        return f"{_xdg(variable, environ) or _home(environ) / below_home}/claude-hooks"
    derived = {
        "database_url": lambda: f"sqlite:///{values['state_dir']}/agents.db",
        "backup_dir": lambda: f"{values['state_dir']}/backups",
        "master_key_file": lambda: f"{values['config_dir']}/master.key",
        "public_url": lambda: f"{'https' if values['tls_cert_file'] else 'http'}://127.0.0.1:{values['port']}",
    }
    return derived[name]() if name in derived else None


def _xdg(variable: str, environ: Environ) -> str | None:
    """Return a base directory; the XDG specification has relative ones ignored."""
    given = environ.get(variable, "")
    return given if given.startswith("/") else None


def _home(environ: Environ) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _parsed(name: str, text: str, origin: str) -> object:
    try:
        return SPECS[name]["parse"](text)
    except Invalid as error:
        raise Invalid(f"{PREFIX}{name.upper()} (from {origin}): {error.message}", advice=error.advice) from None


def _file_text(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_LIMIT).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Invalid(f"{what} names {path}, which cannot be read: {reason}") from None


def _key_credential(credentials: str | None) -> Path | None:
    return Path(credentials) / "strongroom-master-key" if credentials else None


def _refuse_unknown(environ: Environ, flags: Mapping[str, object]) -> None:
    known = {PREFIX + name.upper() for name in SPECS}
    known |= {f"{name}{_FILE_SUFFIX}" for name in known if not name.endswith(_FILE_SUFFIX)}
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in known:
            raise Invalid(f"unknown setting {variable}", advice=_nearest(variable, known))
    for name in sorted(flags):
        if name not in SPECS:
            raise Invalid(f"unknown setting {name}", advice=_nearest(name, set(SPECS)))


def _nearest(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.0)
    return f"did you mean {near[0]}?"


def _refuse_secrets_in_environment(values: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    for name, value in values.items():
        if isinstance(value, SecretValue) and origins[name] == "environment" and not values["allow_env_secrets"]:
            raise Invalid(
                f"{PREFIX}{name.upper()} holds a secret, and children and `ps` of this user can read it there",
                advice=f"use {PREFIX}{name.upper()}_FILE, or set STRONGROOM_ALLOW_ENV_SECRETS=1",
            )
