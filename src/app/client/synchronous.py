"""The client for whoever waits. Its stores keep the contracts of `domain.ports`."""

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from typing_extensions import override

from app.client import secret_calls, session_calls, token_calls
from app.client.line import PATIENCE_S, line_to
from app.client.place import PathLike
from domain.ports.secret_store import SecretStore
from domain.ports.session_store import SessionStore
from domain.secrets import Secret, SecretInfo
from domain.sessions import Session
from domain.values import SecretValue

if TYPE_CHECKING:  # loaded late
    from app.client.wire import Wire


class StrongroomClient:
    """A service that runs elsewhere. Safe to share between threads; close it, or use it in a `with` block.

    `url` is its address and `token` an API token; or `socket` is the path of its Unix socket, where our own user
    needs no token. `timeout_s` is how long to wait for each step of a request. `verify` is a file with the
    certificate authority to trust instead of the system's. An http:// address that is not loopback is `Invalid`,
    unless `allow_cleartext` says that the network between may read everything. No proxy of the environment is used.

    Every method raises `Unreachable` where there is no answer, and what the service's own stores raise.
    """

    def __init__(  # noqa: PLR0913 - how to reach a service, and as whom
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        socket: PathLike | None = None,
        timeout_s: float = PATIENCE_S,
        verify: PathLike | None = None,
        allow_cleartext: bool = False,
    ) -> None:
        line = line_to(
            url, token=token, socket=socket, timeout_s=timeout_s, verify=verify, allow_cleartext=allow_cleartext
        )
        from app.client.wire import Wire  # noqa: PLC0415 - whoever only imports us does not wait for the HTTP library

        self._address = line.place.address
        self._wire = Wire(line)
        self.sessions: SessionStore = _Sessions(self._wire)
        self.secrets: SecretStore = _Secrets(self._wire)

    def access_token(self, forge: str, *, rejected: str | None = None) -> SecretValue:
        """Return an access token of `forge`, refreshed if need be: by one process, whoever else asks.

        With `rejected`, another than that one. Raises `NotConnected`, `NeedsReauth`, `Misconfigured`,
        `ForgeFailed` or `Busy`.
        """
        return self._wire.hold(token_calls.give_out(forge, rejected))

    def close(self) -> None:
        """End the connections."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @override
    def __repr__(self) -> str:
        return f"StrongroomClient({self._address!r})"


class _Sessions(SessionStore):
    def __init__(self, wire: "Wire") -> None:
        self._wire = wire

    @override
    def get(self, key: str) -> Session | None:
        return self._wire.hold(session_calls.find(key))

    @override
    def set(self, key: str, session_id: str, *, used_at: int | None = None) -> None:
        self._wire.hold(session_calls.put(key, session_id, used_at))

    @override
    def delete(self, key: str) -> bool:
        return self._wire.hold(session_calls.remove(key))

    @override
    def prune_stale(self, before: int) -> int:
        return self._wire.hold(session_calls.prune(before, dry_run=False))

    @override
    def count_stale(self, before: int) -> int:
        return self._wire.hold(session_calls.prune(before, dry_run=True))

    @override
    def put_many(self, sessions: Iterable[Session]) -> int:
        return self._wire.hold(session_calls.merge(sessions))

    @override
    def count(self) -> int:
        return self._wire.hold(session_calls.count())

    @override
    def list(self, *, prefix: str = "", after: str | None = None, limit: int | None = None) -> list[Session]:
        return self._wire.hold(session_calls.pages(prefix, after, limit))


class _Secrets(SecretStore):
    def __init__(self, wire: "Wire") -> None:
        self._wire = wire

    @override
    def get(self, name: str) -> Secret | None:
        return self._wire.hold(secret_calls.find(name))

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None) -> int:
        return self._wire.hold(secret_calls.put(name, value, expected_version, expires_at))

    @override
    def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        return self._wire.hold(secret_calls.remove(name, expected_version))

    @override
    def info(self, name: str) -> SecretInfo | None:
        return self._wire.hold(secret_calls.show(name))

    @override
    def list(self) -> list[SecretInfo]:
        return self._wire.hold(secret_calls.pages())
