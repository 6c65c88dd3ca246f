"""The copies of SQLite that a test is run on."""

import pytest

from adapters.sql.driver import PYTHON_DRIVER, SHIPPED_DRIVER

needs_shipped = pytest.mark.skipif(SHIPPED_DRIVER is None, reason="needs a newer SQLite: pip install pysqlite3")

EACH_DRIVER = [
    pytest.param(PYTHON_DRIVER, id="python"),
    pytest.param(SHIPPED_DRIVER, id="shipped", marks=needs_shipped),
]
"""Parameters of a test or a fixture."""
