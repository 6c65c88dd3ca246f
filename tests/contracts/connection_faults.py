"""What all notes of what went wrong with connections do."""

from dataclasses import replace

import pytest

from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.connections import ConnectionFault, FaultKind
from domain.instants import MINUTE_MS
from tests.support.races import THREADS, in_threads

FAULT = ConnectionFault(
    forge="gitlab",
    token_version=7,
    kind=FaultKind.TRANSIENT,
    reason="GitLab antwortete nicht: 503 ü🔑",
    since=NOON - MINUTE_MS,
    at=NOON,
    failures=3,
    retry_at=NOON + 4_000,
    client_mark="c0ffee",
)


class ConnectionFaultsContract:
    """Subclasses override `faults`, an empty one."""

    @pytest.fixture
    def faults(self):
        raise NotImplementedError

    @pytest.mark.parametrize("forge", ["gitlab", "", "GitLab", "\ud800"])
    def test_at_first_nothing_went_wrong(self, faults, forge):
        assert faults.get(forge) is None

    @pytest.mark.parametrize("kind", FaultKind)
    def test_a_fault_is_kept_as_it_is(self, faults, kind):
        fault = replace(FAULT, kind=kind)
        faults.record(fault)

        assert faults.get("gitlab") == fault

    def test_what_is_left_out_is_kept_as_left_out(self, faults):
        fault = ConnectionFault(
            forge="github", token_version=1, kind=FaultKind.CONFIG_ERROR, reason="no", since=1, at=2
        )
        faults.record(fault)

        assert faults.get("github") == fault

    @pytest.mark.parametrize("version", [7, 8, 2**40])
    def test_a_fault_of_the_same_or_a_later_version_takes_the_place_of_the_former(self, faults, version):
        later = ConnectionFault(
            forge="gitlab", token_version=version, kind=FaultKind.NEEDS_REAUTH, reason="revoked", since=NOON, at=NOON
        )
        faults.record(FAULT)
        faults.record(later)

        assert faults.get("gitlab") == later

    @pytest.mark.parametrize("version", [1, 6])
    def test_a_fault_of_an_earlier_version_says_nothing_any_more(self, faults, version):
        faults.record(FAULT)
        faults.record(replace(FAULT, token_version=version, kind=FaultKind.NEEDS_REAUTH, at=NOON + 1))

        assert faults.get("gitlab") == FAULT

    def test_each_forge_has_its_own(self, faults):
        others = [replace(FAULT, forge=forge, token_version=1) for forge in ("forgejo", "github")]
        for fault in (FAULT, *others):
            faults.record(fault)

        assert [faults.get(forge) for forge in ("forgejo", "github", "gitlab")] == [*others, FAULT]

    def test_of_threads_that_note_versions_at_once_the_latest_stays(self, faults):
        in_threads(lambda thread: faults.record(replace(FAULT, token_version=THREADS - thread)))

        assert faults.get("gitlab").token_version == THREADS

    def test_a_fault_is_forgotten(self, faults):
        faults.record(FAULT)
        faults.forget(FAULT)

        assert faults.get("gitlab") is None

    def test_another_that_took_its_place_is_not_forgotten_with_it(self, faults):
        later = replace(FAULT, at=NOON + 1)
        faults.record(later)
        faults.forget(FAULT)

        assert faults.get("gitlab") == later
