"""The client for whoever awaits."""

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from typing_extensions import override

from app.client import secret_calls, session_calls, token_calls
from app.client.async_stores import AsyncSecretStore, AsyncSessionStore
from app.client.line import PATIENCE_S, line_to
from app.client.place import PathLike
from domain.secrets import Secret, SecretInfo
from domain.sessions import Session
from domain.values import SecretValue

if TYPE_CHECKING:  # loaded late
    from app.client.wire import AsyncWire


class AsyncStrongroomClient:
    """`StrongroomClient` with methods to be awaited. It belongs to one event loop; use it in an `async with` block."""

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
        from app.client.wire import AsyncWire  # noqa: PLC0415 - whoever only imports us does not wait for the HTTP library

        self._address = line.place.address
        self._wire = AsyncWire(line)
        self.sessions: AsyncSessionStore = _Sessions(self._wire)
        self.secrets: AsyncSecretStore = _Secrets(self._wire)

    async def access_token(self, forge: str, *, rejected: str | None = None) -> SecretValue:
        """Return an access token of `forge`, refreshed if need be: by one process, whoever else asks.

        With `rejected`, another than that one. Raises `NotConnected`, `NeedsReauth`, `Misconfigured`,
        `ForgeFailed` or `Busy`.
        """
        return await self._wire.hold(token_calls.give_out(forge, rejected))

    async def close(self) -> None:
        """End the connections."""
        await self._wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @override
    def __repr__(self) -> str:
        return f"AsyncStrongroomClient({self._address!r})"


class _Sessions(AsyncSessionStore):
    def __init__(self, wire: "AsyncWire") -> None:
        self._wire = wire

    @override
    async def get(self, key: str) -> Session | None:
        return await self._wire.hold(session_calls.find(key))

    @override
    async def set(self, key: str, session_id: str, *, used_at: int | None = None) -> None:
        await self._wire.hold(session_calls.put(key, session_id, used_at))

    @override
    async def delete(self, key: str) -> bool:
        return await self._wire.hold(session_calls.remove(key))

    @override
    async def prune_stale(self, before: int) -> int:
        return await self._wire.hold(session_calls.prune(before, dry_run=False))

    @override
    async def count_stale(self, before: int) -> int:
        return await self._wire.hold(session_calls.prune(before, dry_run=True))

    @override
    async def put_many(self, sessions: Iterable[Session]) -> int:
        return await self._wire.hold(session_calls.merge(sessions))

    @override
    async def count(self) -> int:
        return await self._wire.hold(session_calls.count())

    @override
    async def list(self, *, prefix: str = "", after: str | None = None, limit: int | None = None) -> list[Session]:
        return await self._wire.hold(session_calls.pages(prefix, after, limit))


class _Secrets(AsyncSecretStore):
    def __init__(self, wire: "AsyncWire") -> None:
        self._wire = wire

    @override
    async def get(self, name: str) -> Secret | None:
        return await self._wire.hold(secret_calls.find(name))

    @override
    async def set(
        self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None
    ) -> int:
        return await self._wire.hold(secret_calls.put(name, value, expected_version, expires_at))

    @override
    async def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        return await self._wire.hold(secret_calls.remove(name, expected_version))

    @override
    async def info(self, name: str) -> SecretInfo | None:
        return await self._wire.hold(secret_calls.show(name))

    @override
    async def list(self) -> list[SecretInfo]:
        return await self._wire.hold(secret_calls.pages())
