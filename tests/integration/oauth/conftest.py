"""Forges that run for the tests of a module, each with a clean slate for each test, and a browser."""

from contextlib import ExitStack

import pytest

from tests.support.oauth_forge import KINDS, Browser, running_forge


@pytest.fixture(scope="module")
def forges():
    """Start a forge of a kind when it is first asked for."""
    with ExitStack() as stack:
        running = {}

        def forge_of(kind):
            if kind not in running:
                running[kind] = stack.enter_context(running_forge(kind))
            running[kind].reset()
            return running[kind]

        yield forge_of


@pytest.fixture(params=KINDS)
def forge(request, forges):
    """Each kind of forge in turn."""
    return forges(request.param)


@pytest.fixture
def gitlab(forges):
    return forges("gitlab")


@pytest.fixture
def browser():
    browser = Browser()
    yield browser
    browser.close()
