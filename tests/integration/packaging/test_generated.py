"""What is committed of completions and manual pages is what the commands say today."""

import subprocess
import sys

import pytest

from app.cli.root import COMMANDS
from app.version import __version__
from tests.integration.packaging.programs import PACKAGING, program

PAGES = sorted((PACKAGING / "man").glob("*.1"))
ALLOWED = 'WARNING: missing date, using "": TH'
"""On purpose: a date would change each time that the pages are made."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def content(directory):
    paths = [path for name in ("completions", "man") for path in (directory / name).iterdir()]
    return {str(path.relative_to(directory)): path.read_text() for path in paths}


def test_what_is_committed_is_what_would_be_made(tmp_path):
    subprocess.run([sys.executable, PACKAGING / "generate.py", tmp_path], check=True, timeout=60)

    drifted = content(PACKAGING).items() ^ content(tmp_path).items()
    assert sorted({path for path, _ in drifted}) == [], "run: python packaging/generate.py"


def test_what_is_no_longer_made_is_removed(tmp_path):
    (tmp_path / "man").mkdir()
    (tmp_path / "man" / "strongroom-renamed.1").write_text("old")

    subprocess.run([sys.executable, PACKAGING / "generate.py", tmp_path], check=True, timeout=60)

    assert not (tmp_path / "man" / "strongroom-renamed.1").exists()


def test_every_command_has_a_page_and_the_program_one_that_names_them():
    assert {page.stem for page in PAGES} == {"strongroom", *(f"strongroom-{name}" for name in COMMANDS)}
    overview = (PACKAGING / "man" / "strongroom.1").read_text().replace(r"\-", "-")
    assert [name for name in COMMANDS if f".BR strongroom-{name} (1)" not in overview] == []


@every_page
def test_a_page_says_no_version_and_so_does_not_change_with_one(page):
    assert __version__ not in page.read_text()


@every_page
def test_a_page_is_clean_to_groff(page):
    groff = program("groff", "groff-base")

    done = subprocess.run([groff, "-man", "-ww", "-T", "utf8", page], capture_output=True, check=True, timeout=60)

    assert done.stderr == b""


@every_page
def test_a_page_is_clean_to_mandoc(page):
    mandoc = program("mandoc", "mandoc")

    done = subprocess.run(
        [mandoc, "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False, timeout=60
    )

    assert [line for line in done.stdout.splitlines() if not line.endswith(ALLOWED)] == []


def test_a_page_shows_what_the_help_shows():
    mandoc = program("mandoc", "mandoc")

    done = subprocess.run(
        [mandoc, "-T", "ascii", "-O", "width=200", PACKAGING / "man" / "strongroom-secrets.1"],
        capture_output=True,
        check=True,
        timeout=60,
    )

    shown = " ".join(bold(done.stdout.decode()).split())
    assert "strongroom secrets delete [OPTIONS] NAME Delete a secret, after asking for its name once more" in shown
    assert "--confirm NAME The name once more, where nobody can be asked for it." in shown
    assert "strongroom secrets destroy penpot_api_token 3 --confirm penpot_api_token" in shown


def bold(text):
    """Take out how a typewriter overprints: a letter, one step back, and the letter again."""
    return "".join(letter for at, letter in enumerate(text) if letter != "\b" and text[at + 1 : at + 2] != "\b")
