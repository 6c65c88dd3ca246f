"""The soak of `benchmarks/soak.py`, for seconds: killed under load, the service keeps what it acknowledged."""

import pytest

from tests.support.soak import soak
from tests.support.soak_places import Content, Lost, Place


@pytest.fixture
def place():
    place = Place("/secrets/a", has_versions=True)
    place.acknowledged(Content("one", 1))
    return place


@pytest.mark.slow
def test_what_was_acknowledged_outlives_kills(tmp_path):
    soaked = soak(tmp_path, seconds=4, kill_every=1.5, seed=10, clients=3)

    assert soaked.lost == []
    assert len(soaked.lives) > 2
    assert {"secret.write", "secret.read", "session.put", "session.get", "list"} <= set(soaked.done)


@pytest.mark.parametrize("found", [Content(), Content("two", 1), Content("one", 2), Content("two", 2)])
def test_the_soak_sees_what_is_not_as_it_was_acknowledged(place, found):
    with pytest.raises(Lost):
        place.found(found)


@pytest.mark.parametrize("answered", [1, 3])
def test_the_soak_sees_a_write_that_was_not_done_or_done_twice(place, answered):
    with pytest.raises(Lost):
        place.acknowledged(Content("two", answered))


@pytest.mark.parametrize("found", [Content("one", 1), Content("two", 2)])
def test_a_write_without_an_answer_may_be_there_or_not_and_then_stays_so(place, found):
    place.unanswered("two")

    place.found(found)

    assert (place.known, place.is_settled) == (found, True)


@pytest.mark.parametrize("found", [Content("two", 1), Content("one", 2), Content("two", 3), Content("tw", 2)])
def test_a_write_without_an_answer_is_whole_or_absent(place, found):
    place.unanswered("two")

    with pytest.raises(Lost):
        place.found(found)
