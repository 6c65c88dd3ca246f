"""Schemathesis asks everything that the description says, and much that it does not: our answers are as described."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.served import a_served_home

HERE = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"

REVOKING = "api-tokens-revoke"
"""Would revoke the token that is asked with, so it is asked without being told which tokens there are."""

LEAST_CASES = 1_000


def run(served, *arguments):
    done = subprocess.run(
        [
            SCHEMATHESIS,
            f"--config-file={HERE / 'schemathesis.toml'}",
            "run",
            f"{served.url}/openapi.json",
            f"--header=Authorization: Bearer {served.token}",
            "--seed=1",
            "--generation-database=none",
            "--no-color",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        cwd=served.directory,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"(\d+) generated", done.stdout)[1])


@pytest.fixture
def served(tmp_path):
    with a_served_home(tmp_path, failure_limit="0") as served:
        yield served


def test_every_answer_is_as_the_description_says(served):
    cases = run(served, "--max-examples=12", f"--exclude-operation-id={REVOKING}")

    assert cases >= LEAST_CASES


def test_revoking_answers_as_described(served):
    run(served, f"--include-operation-id={REVOKING}")
