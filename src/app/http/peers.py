"""HTTP/1.1 connections that know who is at the other end of a Unix socket, do not wait for ever, and fail in JSON."""

import asyncio
import json
import logging
import socket
import struct
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import h11
import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from app.http import patience
from app.http.envelope import NO_ROUTE, REQUEST_ID
from app.http.patience import Patience
from app.http.problems import PROBLEM_JSON, document

PEER_UID = "strongroom.peer_uid"
"""Where the peer's user id stands in the state of a request that came over a Unix socket."""

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)
_HEAD, _ANSWER = "head", "answer"
_log = logging.getLogger("strongroom.http")

_faults = logging.getLogger("uvicorn.error.connection")
_faults.setLevel(logging.ERROR)  # what uvicorn warns of any stranger can cause, and we say it in our own words


class PeerProtocol(H11Protocol):
    """Asks the kernel for the peer's user id when a connection is made, and ends one whose peer keeps us waiting."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _faults
        self._sending, self._reading = Patience(self.loop), Patience(self.loop)

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection.family == socket.AF_UNIX:
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            self.app_state = {**self.app_state, PEER_UID: _CREDENTIALS.unpack(credentials)[1]}
        transport.set_write_buffer_limits(high=1)  # so that we are told whether anything waits to be read
        self._expect(a_head=True)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._sending.end()
        self._reading.end()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect(a_head=True)

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect(a_head=self._has_begun)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading.wait_for(_ANSWER, patience.ANSWER_S, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading.end()

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, "bad_request", "this is not HTTP/1.1")

    def _expect(self, *, a_head: bool) -> None:
        """Set the deadline for what the peer owes us. Between two requests he owes nothing, and uvicorn has its own."""
        if self.conn.their_state is h11.SEND_BODY:
            self._sending.wait_for(self.cycle, patience.BODY_S, self.transport.abort)
        elif self.conn.their_state is h11.IDLE and a_head:
            self._sending.wait_for(_HEAD, patience.HEAD_S, self._give_up_head)
        else:
            self._sending.end()

    @property
    def _has_begun(self) -> bool:
        """Whether there is a part of a head."""
        return bool(self.conn.trailing_data[0])

    def _give_up_head(self) -> None:
        """Say so only to who said something: a browser may connect in advance, and would take it for an answer."""
        if self._has_begun:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the head of this request took too long")
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus, code: str, detail: str) -> None:
        """Answer what reaches no application, with the id and the line in the log that every answer has."""
        request_id, body = uuid4().hex, json.dumps(document(status, code, detail)).encode()
        headers = {
            "content-type": PROBLEM_JSON,
            "content-length": str(len(body)),
            REQUEST_ID: request_id,
            "connection": "close",
        }
        with suppress(h11.LocalProtocolError):  # an answer is under way already, and can only be cut off
            response = h11.Response(status_code=status, headers=[*headers.items()], reason=status.phrase.encode())
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            facts = {"request_id": request_id, "route": NO_ROUTE, "status": int(status), "actor": None}
            _log.info("%s %d", NO_ROUTE, status, extra=facts)
        if self.cycle is not None:
            self.cycle.disconnected = True  # whoever answers a request that broke off answers nobody
        self.transport.close()
