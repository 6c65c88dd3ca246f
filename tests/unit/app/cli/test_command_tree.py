"""What holds of every command: help, an example, `--json`, and no way to pass a secret."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from app.cli.root import COMMANDS, root

HEAVY = (
    "sqlalchemy",
    "alembic",
    "cryptography",
    "starlette",
    "uvicorn",
    "structlog",
    "dependency_injector",
    "pydantic",
)
TAKES_A_TEXT = {
    "api_tokens create --name",
    "api_tokens create --grant",
    "config set value",  # refused for every setting that is a secret
    "sessions set session_id",
}
RUNS_ANOTHER = ("mounts", "exec")
"""Takes any argument: it belongs to the command that is run."""

SUSPICIOUS = ("value", "token", "secret", "password", "passphrase", "credential", "key_material", "session_id")


def every_command(command=root, path=()):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from every_command(command.get_command(context, name), (*path, name))


EVERY_COMMAND = list(every_command())
LEAVES = [(path, command) for path, command in EVERY_COMMAND if not isinstance(command, click.Group)]


def of_each(commands):
    names = [" ".join(path) or "root" for path, _ in commands]
    return pytest.mark.parametrize(("path", "command"), commands, ids=names)


every_path = of_each(EVERY_COMMAND)
every_leaf = of_each(LEAVES)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_of_a_command_what_it_says_itself(name):
    command = root.get_command(click.Context(root), name)

    assert command.name == name
    assert command.get_short_help_str(200) == COMMANDS[name][1]


@every_path
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help_with_an_example_of_itself(path, command, flag):
    result = CliRunner().invoke(root, [*path, flag])

    assert result.exit_code == 0
    assert "Example:\n" in result.stdout
    example = result.stdout.partition("Example:\n")[2]
    assert " ".join(["strongroom", *path]) in example


@every_leaf
def test_every_command_takes_json_and_progress(path, command):
    options = {option for parameter in command.get_params(click.Context(command)) for option in parameter.opts}

    assert {"--json", "--progress"} <= options


@every_path
def test_no_option_and_no_argument_takes_a_secret(path, command):
    takes_text = {
        " ".join([*path, max(parameter.opts, key=len)])
        for parameter in command.params
        if not getattr(parameter, "is_flag", False) and any(word in parameter.name for word in SUSPICIOUS)
    }

    assert takes_text <= TAKES_A_TEXT


@pytest.mark.parametrize("path", [("secrets", "set"), ("agents", "rotate-token")])
def test_what_reads_a_secret_reads_it_from_a_file_or_standard_input(path):
    command = dict(EVERY_COMMAND)[path]

    assert {"from_file", "if_version"} <= {parameter.name for parameter in command.params}
    assert len([parameter for parameter in command.params if isinstance(parameter, click.Argument)]) == 1


@of_each([(path, command) for path, command in LEAVES if path != RUNS_ANOTHER])
def test_a_usage_error_is_a_document_and_repeats_no_argument(path, command):
    result = CliRunner().invoke(root, [*path, "hunter2", "hunter2", "hunter2", "hunter2", "--json"])

    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "usage"
    assert "hunter2" not in result.output


def test_what_is_said_to_another_command_is_not_said_to_us():
    result = CliRunner().invoke(root, [*RUNS_ANOTHER, "No Name", "--", "cat", "--json"])

    assert (result.exit_code, result.stdout) == (2, "")


def test_a_mistyped_command_is_told_the_nearest():
    result = CliRunner().invoke(root, ["secrts"])

    assert result.exit_code == 2
    assert "'secrets'" in result.stderr


@pytest.mark.parametrize("args", [[], ["secrets"]], ids=["root", "a group"])
def test_nothing_asked_for_is_answered_with_help(args):
    result = CliRunner().invoke(root, args)

    assert result.exit_code == 2
    assert "Commands:" in result.output


def test_the_version_is_an_option_as_well():
    result = CliRunner().invoke(root, ["--version"])

    assert result.stdout.startswith("strongroom ")


@pytest.mark.parametrize("paths", [[()], [path for path, _ in EVERY_COMMAND]], ids=["root", "every command"])
def test_help_loads_nothing_heavy(paths):
    code = (
        "import json, sys\n"
        "from app.cli.root import root\n"
        f"for path in {paths!r}:\n"
        "    assert root.main([*path, '--help'], standalone_mode=False) == 0\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)

    loaded = json.loads(done.stderr)
    assert [name for name in loaded if name.partition(".")[0] in {*HEAVY, "adapters", "domain"}] == []
