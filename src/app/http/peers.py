"""HTTP/1.1 connections that know who is at the other end of a Unix socket, and fail in JSON."""

import asyncio
import json
import socket
import struct
from contextlib import suppress
from http import HTTPStatus

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.http.problems import PROBLEM_JSON, document

PEER_UID = "strongroom.peer_uid"
"""Where the peer's user id stands in the state of a request that came over a Unix socket."""

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)


class PeerProtocol(H11Protocol):
    """Asks the kernel for the peer's user id when a connection is made."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection.family == socket.AF_UNIX:
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            self.app_state = {**self.app_state, PEER_UID: _CREDENTIALS.unpack(credentials)[1]}

    @override
    def send_400_response(self, msg: str) -> None:
        status = HTTPStatus.BAD_REQUEST
        body = json.dumps(document(status, "bad_request", "this is not HTTP/1.1")).encode()
        headers = [("content-type", PROBLEM_JSON), ("content-length", str(len(body))), ("connection", "close")]
        with suppress(h11.LocalProtocolError):  # an answer is under way already, and can only be cut off
            response = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
