"""Off-site copies where no place for them is set."""

from collections.abc import Sequence
from typing import BinaryIO, NoReturn

from typing_extensions import override

from domain.backups import Backup, OffsiteCopy
from domain.errors import Invalid
from domain.ports import OffsiteStore
from domain.values import SecretValue


class NowhereOffsiteStore(OffsiteStore):
    """Says so, whatever is asked of it."""

    @override
    def push(self, backup: Backup, content: BinaryIO) -> OffsiteCopy:
        _refuse()

    @override
    def list(self) -> list[OffsiteCopy]:
        _refuse()

    @override
    def manifest(self, file: str, identities: Sequence[SecretValue] = ()) -> Backup:
        _refuse()

    @override
    def fetch(self, file: str, into: BinaryIO, identities: Sequence[SecretValue] = ()) -> None:
        _refuse()


def _refuse() -> NoReturn:
    raise Invalid("no off-site place is set", advice="set STRONGROOM_OFFSITE_URL, as docs/off-site.md says")
