"""The shells themselves complete our command line, and it opens nothing for them."""

import json
import os
import subprocess
import sys

import pytest

from app.cli.root import COMMANDS
from tests.integration.packaging.programs import PACKAGING, our_command, program
from tests.integration.packaging.terminal import Terminal
from tests.unit.app.cli.test_command_tree import HEAVY

COMPLETIONS = PACKAGING / "completions"
PROMPT = Terminal.PROMPT

OPENING = ("sqlite3.connect", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec")
WATCHED = (
    "import atexit, json, sys\n"
    "seen = []\n"
    "def watch(event, args):\n"
    f"    if event in {OPENING!r} or event == 'open' and str(args[0]).startswith(sys.argv[1]):\n"
    "        seen.append(event)\n"
    "sys.addaudithook(watch)\n"
    "atexit.register(lambda: print(json.dumps([seen, sorted(sys.modules)]), file=sys.stderr))\n"
    "from app.cli import main\n"
    "main()\n"
)

STAND_IN = f"""#!/bin/sh
if [ "$_STRONGROOM_COMPLETE" ]; then exec "{our_command()}"; fi
echo "called:$*:"
"""


@pytest.fixture
def environ(tmp_path):
    """An environment whose directories do not exist; in it the command completes, and else says how it was called."""
    stand_in = tmp_path / "bin" / "strongroom"
    stand_in.parent.mkdir()
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    return {
        "PATH": f"{stand_in.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "PS1": PROMPT,
        "STRONGROOM_STATE_DIR": str(tmp_path / "private" / "state"),
        "STRONGROOM_CONFIG_DIR": str(tmp_path / "private" / "config"),
    }


@pytest.fixture
def bash(environ):
    with Terminal([program("bash", "bash"), "--norc", "--noprofile", "-i"], environ) as shell:
        shell.wait_for(PROMPT)
        shell.run("bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; bind 'set page-completions off'")
        shell.run(f"source {COMPLETIONS / 'strongroom.bash'}")
        yield shell


@pytest.fixture
def zsh(environ):
    with Terminal([program("zsh", "zsh"), "-f", "-i"], environ) as shell:
        shell.wait_for(PROMPT)
        shell.run(f"fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D")
        yield shell


def fish(environ, line):
    """Let fish say how `line` may go on."""
    load = f"source {COMPLETIONS / 'strongroom.fish'}; complete --do-complete '{line}'"
    done = subprocess.run(
        [program("fish", "fish"), "--no-config", "--private", "--command", load],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def complete(environ, words, index, shell="bash"):
    asking = {"COMP_WORDS": words, "COMP_CWORD": str(index), "_STRONGROOM_COMPLETE": f"{shell}_complete"}
    return subprocess.run(
        [our_command()], env=environ | asking, capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("mi\t", "migrate"),
        ("secrets rollb\t", "secrets rollback"),
        ("--state-dir /x git-\t", "--state-dir /x git-credential"),
        ("migrate --acc\t", "migrate --accept-partial"),
        ("migrate --prefer da\t", "migrate --prefer database"),
        ("mi\t --dry\t", "migrate --dry-run"),
        ("secrets set plain --from-file private-\t", "secrets set plain --from-file private-file"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_tab_completes_commands_options_choices_and_files(request, tmp_path, shell, typed, called):
    terminal = request.getfixturevalue(shell)
    (tmp_path / "private-file").touch()
    terminal.run(f"cd {tmp_path}")

    terminal.type(f"strongroom {typed}\n")

    terminal.wait_for("called:")
    assert terminal.wait_for(":") == f"{called}:"


@pytest.mark.parametrize(("name", "setup"), [("bash", "true"), ("zsh", "autoload -U compinit; compinit -u -D")])
def test_what_the_command_prints_may_be_evaluated_as_well(environ, name, setup):
    real = environ | {"PATH": f"{our_command().parent}:{os.environ['PATH']}"}
    quiet = ["--norc", "--noprofile"] if name == "bash" else ["-f"]
    with Terminal([program(name, name), *quiet, "-i"], real) as shell:
        shell.wait_for(PROMPT)
        shell.run(setup)
        shell.run(f'eval "$(strongroom completion {name})"')

        shell.type("strongroom versi\t --js\t\n")

        assert '"version":' in shell.wait_for("}")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_tabs_list_the_commands(request, shell):
    terminal = request.getfixturevalue(shell)

    terminal.type("strongroom \t\t")

    terminal.wait_for_all(COMMANDS)


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        ("strongroom mi", ["migrate"]),
        ("strongroom secrets rollb", ["rollback"]),
        ("strongroom migrate --acc", ["--accept-partial"]),
        ("strongroom migrate --prefer ", ["database", "file"]),
    ],
)
def test_fish_completes_commands_options_and_choices(environ, line, candidates):
    assert [each.partition("\t")[0] for each in fish(environ, line)] == candidates


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_command_prints_what_is_committed(environ, shell):
    name = {"bash": "strongroom.bash", "zsh": "_strongroom", "fish": "strongroom.fish"}[shell]

    done = subprocess.run(
        [our_command(), "completion", shell], env=environ, capture_output=True, text=True, check=True, timeout=60
    )

    assert (done.stdout.rstrip("\n"), done.stderr) == ((COMPLETIONS / name).read_text().rstrip("\n"), "")


def test_another_shell_is_refused_and_not_repeated(environ):
    done = subprocess.run(
        [our_command(), "completion", "hunter2"], env=environ, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 2
    assert "bash, zsh, fish" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


@pytest.mark.parametrize("words", ["strongroom nothing x", "strongroom secrets get a b c ", "strongroom --state-dir "])
def test_where_nothing_fits_nothing_is_said(environ, words):
    assert complete(environ, words, words.count(" ")) == [""]


@pytest.mark.parametrize(
    "words",
    [
        "strongroom ",
        "strongroom secrets get ",
        "strongroom sessions get ",
        "strongroom agents rotate-token ",
        "strongroom serve --",
        "strongroom config set ",
    ],
)
def test_completing_opens_nothing_and_loads_nothing_heavy(environ, tmp_path, words):
    asking = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_STRONGROOM_COMPLETE": "bash_complete"}

    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path / "private")],
        env=environ | asking,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    opened, loaded = json.loads(done.stderr)
    assert opened == []
    assert [name for name in loaded if name.partition(".")[0] in {*HEAVY, "adapters", "domain", "sqlite3"}] == []
    assert not (tmp_path / "private").exists()


def test_a_wrong_environment_is_no_hindrance(environ):
    assert complete(environ | {"STRONGROOM_STATE_DIRR": "/elsewhere"}, "strongroom mi", 1) == ["plain,migrate"]
