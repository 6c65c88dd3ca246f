"""A bucket of an S3-compatible store, as a place for copies."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import AddrInfoType
from s3fs import S3FileSystem
from typing_extensions import override

from adapters.offsite.address import Address
from adapters.offsite.patience import expect_progress
from adapters.offsite.place import Place
from adapters.offsite.streams import Counted, Readable, Writable

_BLOCK = 8 * 1_024 * 1_024
"""Bytes of a part, and held in memory; 10,000 parts are the most of a file, so 78 GiB."""

_CONNECT_S = 5.0
_TRIES = 2


class Bucket(Place):
    """A put is whole or has not been: S3 shows an object when all of it is there."""

    def __init__(self, address: Address, options: Mapping[str, Any], patience_s: float) -> None:
        given = dict(options)
        config = {**_waits(patience_s), **given.pop("config_kwargs", {})}
        self._bucket = address.host
        self._prefix = f"{address.path}/".lstrip("/")
        self._files = S3FileSystem(
            skip_instance_cache=True,
            use_listings_cache=False,
            default_block_size=_BLOCK,
            config_kwargs=config,
            **given,
        )
        self._files.retries = _TRIES
        self._files.connect()
        self._files.s3.meta.events.register_last("before-call.s3", _ask_for_no_leave)

    @override
    def close(self) -> None:
        pass  # it lets go of its connections when nobody has it any more

    @override
    def sizes(self) -> dict[str, int]:
        where = {"Bucket": self._bucket, "Prefix": self._prefix, "Delimiter": "/"}
        found: dict[str, int] = {}
        more: dict[str, str] = {}
        while True:
            page = self._files.call_s3("list_objects_v2", **where, **more)
            found |= {each["Key"].removeprefix(self._prefix): each["Size"] for each in page.get("Contents", ())}
            if not page.get("IsTruncated"):
                return found
            more = {"ContinuationToken": page["NextContinuationToken"]}

    @override
    @contextmanager
    def reading(self, name: str) -> Iterator[Readable]:
        with self._files.open(self._at(name), "rb") as file:
            yield file

    @override
    def put(self, name: str, fill: Callable[[Writable], None]) -> int:
        file = self._files.open(self._at(name), "wb")
        try:
            written = Counted(file)
            fill(written)
            file.close()
        except BaseException:
            _give_up(file)
            raise
        self._require_readable(name, written)
        return written.bytes

    def _at(self, name: str) -> str:
        return f"{self._bucket}/{self._prefix}{name}"


def _waits(patience_s: float) -> dict[str, Any]:
    """Return options of botocore's and aiobotocore's `Config`."""

    def connection(address: AddrInfoType) -> socket.socket:
        made = socket.socket(*address[:3])
        expect_progress(made, patience_s)
        return made

    return {
        "connect_timeout": min(_CONNECT_S, patience_s),
        "read_timeout": patience_s,
        "retries": {"total_max_attempts": 1},  # s3fs tries again by itself
        "connector_args": {"socket_factory": connection},
    }


def _ask_for_no_leave(params: dict[str, Any], **_: object) -> None:
    """Send what is put without waiting for a 100 (Continue), which no timeout of aiohttp's covers."""
    params["headers"].pop("Expect", None)


def _give_up(file: Any) -> None:  # noqa: ANN401 - s3fs has no types
    """Leave nothing of an object that is not whole."""
    file.closed = True  # or it would put what it has got, now or when it is collected
    file.fs.retries = 1
    with suppress(Exception):  # the bucket may be out of reach; its rules remove unfinished uploads
        file.discard()
