"""Every fault has an exit code."""

import importlib
import pkgutil

import pytest

import domain
from app.cli.exits import EXIT_CODES, exit_code
from domain.errors import DomainError, KeyRefused, VersionConflict
from domain.legacy.text import Malformed
from domain.ports.legacy_file_source import SourceUnreadable


def every_fault(kind=DomainError):
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    return [kind, *(below for child in kind.__subclasses__() for below in every_fault(child))]


def raised(kind):
    fault = kind.__new__(kind)
    Exception.__init__(fault, "a fault")
    return fault


@pytest.mark.parametrize("kind", every_fault(), ids=lambda kind: kind.__name__)
def test_every_fault_has_a_documented_exit_code(kind):
    assert exit_code(raised(kind)) in range(1, 10)


@pytest.mark.parametrize(
    ("kind", "code"), [(KeyRefused, 8), (VersionConflict, 6), (Malformed, 1), (SourceUnreadable, 1)]
)
def test_a_fault_without_a_code_of_its_own_ends_as_its_ancestor_does(kind, code):
    assert kind not in EXIT_CODES
    assert exit_code(raised(kind)) == code
