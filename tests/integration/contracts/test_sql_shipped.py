"""The contract suites of what callers store, on the shipped SQLite; their other processes have Python's."""

from functools import partial

import pytest

from adapters.sql import open_database
from adapters.sql.driver import SHIPPED_DRIVER
from tests.integration.contracts import test_sql
from tests.support import recipes
from tests.support.drivers import needs_shipped

pytestmark = needs_shipped


@pytest.fixture(autouse=True)
def _shipped(monkeypatch):
    monkeypatch.setattr(recipes, "open_database", partial(open_database, driver=SHIPPED_DRIVER))


@pytest.fixture
def database(tmp_path):
    with recipes.a_database(tmp_path / "agents.db") as database:
        assert database.driver is SHIPPED_DRIVER
        yield database


class TestSqlSessionStore(test_sql.TestSqlSessionStore):
    """Sessions."""


class TestSqlSecretStore(test_sql.TestSqlSecretStore):
    """Secrets."""


class TestSqlOAuthTokenStore(test_sql.TestSqlOAuthTokenStore):
    """OAuth tokens."""


class TestSqlAuditLog(test_sql.TestSqlAuditLog):
    """The audit log."""
