"""`/keys`: how the keys stand, and rotating the data key. No key is ever shown."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from app.http.problems import Problem, document
from app.http.routing import resource
from app.key_documents import key_standing, rotation
from app.usecases.key_status import KeyStatus
from app.usecases.rotate_data_keys import RotateDataKeys
from domain.errors import Busy


class Keys:
    """The master key by its fingerprint, the data keys by their ids."""

    def __init__(self, status: KeyStatus, rotate: RotateDataKeys) -> None:
        self._status = status
        self._rotate = rotate

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [resource("/keys", GET=self.page), resource("/keys/rotate", POST=self.rotate)]

    async def page(self, _request: Request) -> Response:
        """Say how the keys stand."""
        return JSONResponse(key_standing(await run_in_threadpool(self._status)))

    async def rotate(self, _request: Request) -> Response:
        """Rotate, and answer when it is done. One at a time: 409 while another runs, here or in another process."""
        try:
            done = await run_in_threadpool(self._rotate)
        except Busy as error:
            return Problem(
                document(HTTPStatus.CONFLICT, error.code, error.message, advice=error.advice), HTTPStatus.CONFLICT
            )
        return JSONResponse(rotation(done))
