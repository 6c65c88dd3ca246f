"""Settings: every one with its meaning, its kind and its default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from app import setting_kinds as kinds
from domain.backups import Retention
from domain.errors import Invalid
from domain.values import SecretValue

PREFIX = "STRONGROOM_"
ADDRESS = "_url"
"""How the names of settings end that say where tokens are sent, or browsers."""

MOUNT_VARIABLE = f"{PREFIX}MOUNT"
"""In which `mounts exec` tells a command where its tokens are. It is no setting, and may stand in our environment."""

DEFAULT = "default"
_STORED = "settings table"
_PASSED_OVER = f"{DEFAULT}; the {_STORED} holds a value that cannot be used"


def _setting(
    meaning: str,
    parse: Callable[[str], object] = str,
    default: str | None = None,
    *,
    stored: bool = False,
) -> Any:  # noqa: ANN401 - as dataclasses.field, whose result takes the type of its attribute
    """Declare a setting: its meaning, how its text is read, its default; `stored`: the settings table may hold it.

    A text that is read as None leaves the setting unset.
    """
    metadata = {"meaning": meaning, "parse": parse, "default": default, "stored": stored}
    return field(metadata=MappingProxyType(metadata))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, parsed. `origins` tells for each where it came from, for people.

    `defaults` are the values of those that the settings table may hold and nothing outside sets.
    """

    state_dir: Path = _setting("database, backups, legacy sessions.json and gitlab-oauth-token.json", kinds.path)
    config_dir: Path = _setting("master key file, legacy tokens/ and penpot-token", kinds.path)
    runtime_dir: Path = _setting("token mounts; must be memory-backed", kinds.path)
    mount_target: str = _setting(
        "where a container finds its token mount, as a path in the container", kinds.inner_path, "/run/claude-hooks"
    )
    database_url: str = _setting("where everything is kept", kinds.database_url)
    backup_dir: Path = _setting("backups and their manifests", kinds.path)
    master_key_file: Path = _setting("32 random bytes, base64", kinds.path)
    master_key: SecretValue | None = _setting("the master key itself", SecretValue)
    master_key_keyring: str | None = _setting(
        "keyring entry that holds the master key, service/username", kinds.keyring_entry
    )
    allow_env_secrets: bool = _setting("accept secrets in environment variables", kinds.flag, "0")
    host: str = _setting("listener's address", str, "127.0.0.1")
    port: int = _setting("listener's port; 0 turns TCP off", kinds.number(0, 65_535), "8787")
    socket: Path | None = _setting("Unix socket", kinds.path)
    behind_proxy: bool = _setting("a proxy in front of us speaks TLS", kinds.flag, "0")
    tls_cert_file: Path | None = _setting("TLS: our certificate and those between it and a root, PEM", kinds.path)
    tls_key_file: Path | None = _setting("TLS: the key of our certificate, PEM", kinds.path)
    rate_limit: int = _setting(
        "requests a minute from one caller; 0: any number", kinds.number(0, 100_000_000), "60000"
    )
    failure_limit: int = _setting(
        "requests a minute from one address without a token that we know; 0: any number",
        kinds.number(0, 1_000_000),
        "300",
    )
    vault_compat: bool = _setting("answer reads of Vault's KV version 2 below /v1", kinds.flag, "0")
    public_url: str = _setting("base of OAuth redirect URIs", kinds.address, stored=True)
    session_ttl_days: int = _setting("a session unused for longer is stale", kinds.number(1, 36_500), "30", stored=True)
    archive_ttl_days: int = _setting(
        "how long removed legacy files stay in the archive", kinds.number(1, 36_500), "30", stored=True
    )
    audit_ttl_days: int = _setting("how long events stay in the audit log", kinds.number(1, 36_500), "365", stored=True)
    backup_keep: Retention = _setting(
        "retention of backups", kinds.retention, "last=5,daily=7,weekly=4,monthly=6", stored=True
    )
    backup_interval_hours: int = _setting("0 turns the schedule off", kinds.number(0, 87_600), "24", stored=True)
    rehearsal_interval_hours: int = _setting(
        "how often the newest backup is restored into a scratch place; 0: never",
        kinds.number(0, 87_600),
        "168",
        stored=True,
    )
    offsite_url: str | None = _setting("where backups are pushed: s3://, sftp:// or file://", kinds.visible_text)
    offsite_options: SecretValue | None = _setting("credentials and options for that place, JSON", SecretValue)
    offsite_recipients: str | None = _setting(
        "age recipients that what is pushed is encrypted for, separated by blanks", kinds.visible_text
    )
    wal_checkpoint: bool = _setting("fold SQLite's log into the database by a job; 0: Litestream does", kinds.flag, "1")
    gitlab_url: str = _setting("GitLab's base URL", kinds.address, "https://gitlab.com", stored=True)
    gitlab_client_id: str | None = _setting("OAuth client at GitLab", kinds.visible_text, stored=True)
    gitlab_client_secret: SecretValue | None = _setting("OAuth client secret at GitLab", SecretValue)
    gitlab_scopes: str = _setting(
        "what is asked of GitLab", kinds.visible_text, "api read_repository write_repository", stored=True
    )
    github_url: str = _setting("GitHub's base URL", kinds.address, "https://github.com", stored=True)
    github_client_id: str | None = _setting("OAuth client at GitHub", kinds.visible_text, stored=True)
    github_client_secret: SecretValue | None = _setting("OAuth client secret at GitHub", SecretValue)
    github_scopes: str = _setting("what is asked of GitHub", kinds.visible_text, "repo read:user", stored=True)
    forgejo_url: str | None = _setting("Forgejo's base URL", kinds.address, stored=True)
    forgejo_client_id: str | None = _setting("OAuth client at Forgejo", kinds.visible_text, stored=True)
    forgejo_client_secret: SecretValue | None = _setting("OAuth client secret at Forgejo", SecretValue)
    forgejo_scopes: str = _setting(
        "what is asked of Forgejo", kinds.visible_text, "read:user write:repository write:issue", stored=True
    )
    penpot_url: str = _setting("Penpot's base URL", kinds.address, "https://design.penpot.app", stored=True)
    log_level: str = _setting(
        "debug, info, warning or error", kinds.one_of("debug", "info", "warning", "error"), "info"
    )
    log_format: str | None = _setting("console or json", kinds.one_of("console", "json"))
    credential: Path | None = field(default=None, metadata={"hidden": True})
    is_guest: bool = field(default=True, metadata={"hidden": True})
    """Whether the process is another program's, which may open the database by itself as well."""

    origins: Mapping[str, str] = field(default_factory=dict, compare=False, metadata={"hidden": True})
    defaults: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False, metadata={"hidden": True})

    @property
    def sqlite_path(self) -> Path:
        """Where the SQLite database lies. Raises `Invalid` if the database is another one."""
        if not self.database_url.startswith("sqlite:///"):
            raise Invalid(
                "this version keeps its database in SQLite only",
                advice="unset STRONGROOM_DATABASE_URL, or name a file as sqlite:////path/to/agents.db",
            )
        return kinds.path(self.database_url.removeprefix("sqlite:///"))

    def may_be_stored(self, name: str) -> bool:
        """Tell whether the settings table may hold `name`, and counts: nothing outside sets it."""
        return name in self.defaults

    def is_set(self, name: str) -> bool:
        """Tell whether something sets `name`: its value is not the default one."""
        return self.origins.get(name) not in {DEFAULT, _PASSED_OVER}

    def with_stored(self, stored: Mapping[str, str]) -> "Settings":
        """Lay the settings table under what was set from outside, in place of what the table held before.

        A value that cannot be used keeps nobody from starting: it is passed over, and the origin says so.
        """
        names = [name for name in self.defaults if name in stored or self.origins[name] != DEFAULT]
        found = {name: self._read(name, stored.get(name)) for name in names}
        values: dict[str, Any] = {name: value for name, (value, _) in found.items()}
        origins = {**self.origins, **{name: origin for name, (_, origin) in found.items()}}
        return replace(self, **values, origins=origins) if found else self

    def _read(self, name: str, text: str | None) -> tuple[object, str]:
        """Return the value of a setting of which the table holds `text`, and its origin."""
        try:
            value = None if text is None else SPECS[name]["parse"](text)
        except Invalid:
            return self.defaults[name], _PASSED_OVER
        return (self.defaults[name], DEFAULT) if value is None else (value, _STORED)


SPECS: Final[Mapping[str, Mapping[str, Any]]] = {
    f.name: f.metadata for f in fields(Settings) if not f.metadata.get("hidden")
}
