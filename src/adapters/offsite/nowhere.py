"""Off-site copies where there is no place for them."""

from collections.abc import Sequence
from typing import BinaryIO, NoReturn

from typing_extensions import override

from domain.backups import Backup, OffsiteCopy
from domain.errors import Invalid
from domain.ports import OffsiteStore
from domain.values import SecretValue

_UNSET = Invalid("no off-site place is set", advice="set STRONGROOM_OFFSITE_URL, as docs/off-site.md says")


class NowhereOffsiteStore(OffsiteStore):
    """Says so, whatever is asked of it; or `why` the place that is set cannot be used."""

    def __init__(self, why: Invalid = _UNSET) -> None:
        self._why = why

    @override
    def push(self, backup: Backup, content: BinaryIO) -> OffsiteCopy:
        self._refuse()

    @override
    def list(self) -> list[OffsiteCopy]:
        self._refuse()

    @override
    def manifest(self, file: str, identities: Sequence[SecretValue] = ()) -> Backup:
        self._refuse()

    @override
    def fetch(self, file: str, into: BinaryIO, identities: Sequence[SecretValue] = ()) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Invalid(self._why.message, advice=self._why.advice)
