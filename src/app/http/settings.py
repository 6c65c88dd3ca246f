"""`/settings`: every setting with its value and where that came from, and changing those that the database holds."""

from collections.abc import Iterable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http import answers
from app.http.access import caller_of
from app.http.answers import answer
from app.http.bodies import read_body
from app.http.models import SettingChanges
from app.http.operations import Operation, operation
from app.http.routing import Resource, resource
from app.setting_documents import setting
from app.settings import ADDRESS, SPECS, Settings
from app.stored_settings import HEEDED_AT_ONCE, parse_storable, storable_name
from app.usecases.change_settings import ChangeSettings
from domain.api_tokens import ApiToken
from domain.errors import NotAllowed
from domain.ports import SettingStore


class SettingResource:
    """`outside` are the settings as they came from flags, environment and files, and from the table at the start."""

    def __init__(self, outside: Settings, stored: SettingStore, change: ChangeSettings) -> None:
        self._outside = outside
        self._stored = stored
        self._change = change

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [resource("/settings", GET=self.page, PATCH=self.change)]

    @operation(Operation(answers=answers.SettingList))
    async def page(self, _request: Request) -> Response:
        """List every setting, secrets masked."""
        return answer(await run_in_threadpool(self._listed))

    @operation(Operation(takes=SettingChanges, answers=answers.SettingList))
    async def change(self, request: Request) -> Response:
        """Store settings by name, all or none; null forgets one."""
        changes = (await read_body(request, SettingChanges)).as_text()
        _refuse_redirection(caller_of(request), changes)
        checked = {_checked(name, value): value for name, value in changes.items()}
        await run_in_threadpool(self._change, checked)
        return answer(await run_in_threadpool(self._listed, checked))

    def current(self) -> Settings:
        """Return the settings as they are now."""
        return self._outside.with_stored(self._stored.all())

    def _listed(self, changed: Iterable[str] = ()) -> answers.SettingList:
        now = self.current()
        shown = [answers.Setting.of(setting(now, name)) for name in SPECS]
        waiting = sorted(name for name in changed if now.may_be_stored(name) and name not in HEEDED_AT_ONCE)
        return answers.SettingList(settings=shown, at_next_start=waiting)


def _refuse_redirection(caller: ApiToken, changes: Iterable[str]) -> None:
    """Raise `NotAllowed` for a change of an address unless the caller may do everything.

    Tokens and client secrets are sent to these addresses: who says where to, can have them all.
    """
    if not caller.is_admin and any(name.endswith(ADDRESS) for name in changes):
        raise NotAllowed("only an admin says where tokens are sent", advice="the grant admin is needed for addresses")


def _checked(name: str, value: str | None) -> str:
    return storable_name(name) if value is None else parse_storable(name, value)
