"""What every search for secrets in the clear does."""

import pytest

from adapters.memory import MemoryProgress
from domain.remnants import PIECE, SHORTEST, StoredValue, forms

VALUE = "tok/4+Ünl'4q&Rz".encode()
HIDDEN = list(forms(VALUE))
BEFORE = b"\xfe" * 13


def look(search, *contents, progress=None):
    values = [StoredValue(f"secret {number}", content) for number, content in enumerate(contents)]
    return search.search(values, progress or MemoryProgress())


class RemnantSearchContract:
    """Subclasses override `search`, which has nowhere to look yet, and `put`."""

    @pytest.fixture
    def search(self):
        raise NotImplementedError

    @pytest.fixture
    def put(self):
        """A function that puts bytes in a new place to look, and returns the place's name."""
        raise NotImplementedError

    @pytest.mark.parametrize(("form", "hidden"), HIDDEN, ids=[f"{n} {form}" for n, (form, _) in enumerate(HIDDEN)])
    def test_a_value_is_found_in_each_form(self, search, put, form, hidden):
        name = put(BEFORE + hidden + BEFORE)

        remnants = look(search, VALUE).remnants

        assert (name, len(BEFORE), form, "secret 0") in [(r.file, r.offset, r.form, r.subject) for r in remnants]

    def test_nothing_is_found_where_nothing_stands(self, search, put):
        names = [put(VALUE[:-1]), put(b"")]

        report = look(search, VALUE)

        assert (report.values, report.too_short, report.remnants, report.unread) == (1, 0, (), ())
        assert (sorted(report.files), report.bytes) == (sorted(names), len(VALUE) - 1)

    def test_without_values_there_is_nothing_to_find(self, search, put):
        put(VALUE)

        assert look(search).remnants == ()

    def test_values_that_are_too_short_are_counted_and_not_looked_for(self, search, put):
        put(b"~1234567~12345678~")

        report = look(search, b"1" * (SHORTEST - 1), b"1234567", b"12345678", b"")

        assert (report.values, report.too_short) == (1, 3)
        assert [(r.offset, r.subject) for r in report.remnants] == [(9, "secret 2")]

    def test_a_value_of_two_owners_is_told_of_both(self, search, put):
        put(VALUE)

        assert [r.subject for r in look(search, VALUE, VALUE).remnants] == ["secret 0", "secret 1"]

    def test_what_is_found_is_sorted_by_file_and_place(self, search, put):
        names = [put(BEFORE + VALUE + BEFORE + VALUE), put(VALUE)]

        found = [(r.file, r.offset) for r in look(search, VALUE).remnants]

        places = [(names[0], len(BEFORE)), (names[0], 2 * len(BEFORE) + len(VALUE)), (names[1], 0)]
        assert found == sorted(places)

    @pytest.mark.parametrize("part", [slice(PIECE), slice(-PIECE, None)], ids=["beginning", "end"])
    def test_of_a_long_value_beginning_or_end_is_enough(self, search, put, part):
        long = "".join(map(str, range(1_000))).encode()
        put(BEFORE + long[part] + BEFORE)

        assert {(r.offset, r.form) for r in look(search, long).remnants} == {(len(BEFORE), "raw")}

    def test_what_is_told_names_no_value(self, search, put):
        put(VALUE.hex().encode())

        report = look(search, VALUE)

        assert report.remnants
        assert all(hidden.decode("latin-1") not in repr(report) for _, hidden in HIDDEN)

    def test_progress_ends_where_it_said(self, search, put):
        put(BEFORE * 9_000)
        progress = MemoryProgress()

        look(search, VALUE, progress=progress)

        _, done, total = progress.reports[-1]
        assert done == total > 0

    def test_a_search_can_be_made_again_and_finds_what_came_since(self, search, put):
        look(search, VALUE)
        put(VALUE)

        assert len(look(search, VALUE).remnants) > 0
        search.close()
        search.close()
