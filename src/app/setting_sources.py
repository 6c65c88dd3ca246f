"""Where settings come from: each with its value and its origin, and what is no setting is refused.

Precedence: flag > environment > file named by `X_FILE` > systemd credential > settings table > default.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.settings import DEFAULT, MOUNT_VARIABLE, PREFIX, SPECS, Settings
from domain.errors import Invalid
from domain.values import SecretValue

_FILE_SUFFIX = "_FILE"
_FILE_LIMIT = 65_536

Environ = Mapping[str, str]


def load_settings(environ: Environ, flags: Mapping[str, object] | None = None) -> Settings:
    """Gather the settings from flags and environment. Raises `Invalid`, naming the setting and never its value."""
    flags = {name: value for name, value in (flags or {}).items() if value is not None}
    _refuse_unknown(environ, flags)
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    for name, spec in SPECS.items():
        text, origin = _from_outside(name, environ, flags, Path(credentials) if credentials else None) or ("", DEFAULT)
        given = None if origin == DEFAULT else _parsed(name, text, origin)
        values[name] = _default(name, environ, values) if given is None else given
        origins[name] = DEFAULT if given is None else origin
        if spec["stored"] and given is None:
            defaults[name] = values[name]
    _refuse_secrets_in_environment(values, origins)
    return Settings(**values, credential=_key_credential(credentials), origins=origins, defaults=defaults)


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


def _default(name: str, environ: Environ, values: Mapping[str, Any]) -> object:
    text = SPECS[name]["default"] or _derived(name, environ, values)
    if name == "public_url":
        return text  # without TCP it is no address that can be reached, and whoever needs one says so
    return None if text is None else _parsed(name, text, DEFAULT)


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
        if variable.startswith(PREFIX) and variable not in known and variable != MOUNT_VARIABLE:
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
