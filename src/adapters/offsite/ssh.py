"""A connection to an SFTP server that is known, and bounded in time wherever it waits."""

from pathlib import Path
from threading import Timer
from typing import Any, NoReturn

import paramiko
from typing_extensions import override

from adapters.offsite.patience import expect_progress
from domain.errors import Invalid, Unreachable

_SYSTEM_WIDE = Path("/etc/ssh/ssh_known_hosts")
_GIVEN = {"password", "key_filename", "pkey"}
_ADVICE = "ask its operator for the key; `known_hosts` in STRONGROOM_OFFSITE_OPTIONS_FILE names a file that holds it"


def connected(
    host: str,
    *,
    patience_s: float,
    known_hosts: str | None = None,
    **options: Any,  # noqa: ANN401
) -> tuple[paramiko.SSHClient, paramiko.SFTPClient]:
    """Return a connection, and SFTP on it; `options` are those of `paramiko.SSHClient.connect`.

    Host keys are those of `known_hosts`, else of the user and of the system (ssh(1)). With a key or a
    password nothing else is tried. Raises `Unreachable` for a server that is not known, `Invalid` for a
    file that cannot be read, and whatever paramiko raises.
    """
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(_Refuse())
    try:
        _load_host_keys(client, known_hosts)
        _connect(client, host, patience_s, options)
        return client, _sftp_on(client, patience_s)
    except paramiko.BadHostKeyException:
        client.close()
        raise Unreachable("the SFTP server shows another host key than it is known by", advice=_ADVICE) from None
    except (FileNotFoundError, PermissionError):
        client.close()
        raise Invalid(
            "a file that STRONGROOM_OFFSITE_OPTIONS_FILE names cannot be read",
            advice="check known_hosts and key_filename",
        ) from None
    except BaseException:
        client.close()
        raise


def _load_host_keys(client: paramiko.SSHClient, known_hosts: str | None) -> None:
    if known_hosts is not None:
        client.load_system_host_keys(known_hosts)
        return
    if _SYSTEM_WIDE.exists():
        client.load_system_host_keys(str(_SYSTEM_WIDE))
    client.load_system_host_keys()


def _connect(client: paramiko.SSHClient, host: str, patience_s: float, options: dict[str, Any]) -> None:
    alone = dict.fromkeys(("allow_agent", "look_for_keys"), False) if _GIVEN & options.keys() else {}
    waits = dict.fromkeys(("timeout", "banner_timeout", "auth_timeout", "channel_timeout"), patience_s)
    client.connect(host, **{**alone, **waits, **options})


def _sftp_on(client: paramiko.SSHClient, patience_s: float) -> paramiko.SFTPClient:
    expect_progress(client.get_transport().sock, patience_s)
    watchdog = Timer(patience_s, client.close)  # beginning SFTP takes no timeout
    watchdog.start()
    try:
        sftp = client.open_sftp()
    finally:
        watchdog.cancel()
    sftp.get_channel().settimeout(patience_s)
    return sftp


class _Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko has no types
    """Goes no further with a server that nobody knows: it may be anyone's."""

    @override
    def missing_host_key(self, client: object, hostname: str, key: object) -> NoReturn:
        raise Unreachable("the SFTP server shows a host key that is not known", advice=_ADVICE)
