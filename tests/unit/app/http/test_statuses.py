import pytest

import app.http.bodies
import app.http.server  # noqa: F401 - so that every error there is has been defined
import domain.ports  # noqa: F401
from app.http.problems import STATUSES, status_of
from domain.errors import DomainError, Integrity, KeyRefused, VersionConflict


def every_error(kind=DomainError):
    yield kind
    for child in kind.__subclasses__():
        yield from every_error(child)


@pytest.mark.parametrize("kind", list(every_error()), ids=lambda kind: kind.__name__)
def test_every_error_has_a_status(kind):
    assert 400 <= status_of(kind) < 600


def test_no_error_falls_back_on_the_general_one():
    fallen = [kind for kind in DomainError.__subclasses__() if kind not in STATUSES]

    assert fallen == []


def test_the_nearest_ancestor_decides():
    class Cracked(KeyRefused):
        pass

    assert status_of(VersionConflict) == 409
    assert (status_of(Integrity), status_of(KeyRefused), status_of(Cracked)) == (500, 503, 503)
