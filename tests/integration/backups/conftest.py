import pytest

from tests.integration.backups.restorable import Machine


@pytest.fixture
def machine(tmp_path):
    """A machine with a backup, and a database that went on since."""
    return Machine(tmp_path).set_up()
