"""`/keys`: how the keys stand, and rotating the data key. No key is ever shown."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http import answers
from app.http.answers import answer
from app.http.operations import Operation, operation
from app.http.problems import Problem, document
from app.http.routing import Resource, resource
from app.key_documents import key_standing, rotation
from app.usecases.key_status import KeyStatus
from app.usecases.rotate_data_keys import RotateDataKeys
from domain.errors import Busy


class Keys:
    """The master key by its fingerprint, the data keys by their ids."""

    def __init__(self, status: KeyStatus, rotate: RotateDataKeys) -> None:
        self._status = status
        self._rotate = rotate

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [resource("/keys", GET=self.page), resource("/keys/rotate", POST=self.rotate)]

    @operation(Operation(answers=answers.KeyStanding))
    async def page(self, _request: Request) -> Response:
        """Say how the keys stand."""
        return answer(answers.KeyStanding.of(key_standing(await run_in_threadpool(self._status))))

    @operation(Operation(answers=answers.Rotation, refuses=(HTTPStatus.CONFLICT,), at_most_once=True))
    async def rotate(self, _request: Request) -> Response:
        """Rotate, and answer when it is done. One at a time: 409 while another runs, here or in another process."""
        try:
            done = await run_in_threadpool(self._rotate)
        except Busy as error:
            return Problem(
                document(HTTPStatus.CONFLICT, error.code, error.message, advice=error.advice), HTTPStatus.CONFLICT
            )
        return answer(answers.Rotation.of(rotation(done)))
