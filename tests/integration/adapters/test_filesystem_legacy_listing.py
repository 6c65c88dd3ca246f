"""What is listed of the two old directories, of whatever kind, and what is not even looked at."""

import os
import socket
import stat

import pytest

from adapters.filesystem import DirectoryLegacyFileSource
from domain.legacy.files import Kind, LegacyRef, Root

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device nodes and takes another uid")


@pytest.fixture
def state(tmp_path):
    (tmp_path / "state").mkdir(mode=0o755)
    return tmp_path / "state"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config").mkdir(mode=0o755)
    return tmp_path / "config"


@pytest.fixture
def tokens(config):
    (config / "tokens").mkdir(mode=0o755)
    return config / "tokens"


@pytest.fixture
def source(tmp_path):
    return DirectoryLegacyFileSource(tmp_path / "state", tmp_path / "config")


@pytest.fixture
def as_another_user(tmp_path, monkeypatch):
    """Another uid, to which permissions apply. All paths are relative, as it may not pass the directories above."""
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    os.setegid(65_534)
    os.seteuid(65_534)
    yield DirectoryLegacyFileSource(tmp_path.__class__("state"), tmp_path.__class__("config"))
    os.seteuid(0)
    os.setegid(0)


def paths(source):
    return [(ref.root.value, ref.path, ref.kind) for ref in source.list()]


def test_directories_that_do_not_exist_hold_nothing(source):
    assert source.list() == []


def test_every_old_file_is_listed_sorted(source, state, tokens, config):
    for path in (state / "sessions.json", state / "gitlab-oauth-token.json", config / "penpot-token", tokens / "b"):
        path.write_bytes(b"x")
    (tokens / "a").write_bytes(b"x")

    assert paths(source) == [
        ("config", "penpot-token", Kind.FILE),
        ("config", "tokens/a", Kind.FILE),
        ("config", "tokens/b", Kind.FILE),
        ("state", "gitlab-oauth-token.json", Kind.FILE),
        ("state", "sessions.json", Kind.FILE),
    ]


def test_leftovers_of_an_old_file_are_listed_and_strangers_are_not(source, state, config):
    leftovers = [".sessions.json.swp", "sessions.json~", "sessions.json.bak", "#gitlab-oauth-token.json#"]
    strangers = ["agents.db", "agents.db.bak", ".hidden", "sessions.json.d", "my-sessions.json", "backups"]
    ours = [".sessions.json.lock", ".oauth-token.lock"]
    for name in leftovers + strangers + ours:
        (state / name).write_bytes(b"x")
    for name in ("penpot-token.orig", "master.key", ".tokens.lock", ".penpot-token.lock"):
        (config / name).write_bytes(b"x")

    assert [ref.path for ref in source.list()] == ["penpot-token.orig", *sorted(leftovers)]


def test_what_belongs_to_others_is_not_even_looked_at(source, state, tokens, config, monkeypatch):
    for directory in (config / "agent-env", config / "claude-credentials", state / "architect-uploads"):
        directory.mkdir()
        (directory / "penpot-token").write_bytes(b"x")
    looked_at = []
    look, opened = os.stat, os.open

    def observed(call):
        def run(path, *args, **kwargs):
            looked_at.append(os.fspath(path) if not isinstance(path, int) else "")
            return call(path, *args, **kwargs)

        return run

    with monkeypatch.context() as watching:
        watching.setattr(os, "stat", observed(look))
        watching.setattr(os, "open", observed(opened))
        assert source.list() == []

    assert not [path for path in looked_at if path.endswith(("agent-env", "claude-credentials", "architect-uploads"))]


def test_every_kind_of_entry_is_told_by_its_kind(source, tokens, monkeypatch):
    (tokens / "directory").mkdir()
    (tokens / "directory" / "inside").write_bytes(b"x")
    (tokens / "link").symlink_to(tokens / "directory" / "inside")
    (tokens / "dangling").symlink_to("nowhere")
    (tokens / "loop").symlink_to("loop")
    os.mkfifo(tokens / "pipe")
    monkeypatch.chdir(tokens)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")

    assert {ref.path: ref.kind for ref in source.list()} == {
        "tokens/dangling": Kind.SYMLINK,
        "tokens/directory": Kind.DIRECTORY,
        "tokens/link": Kind.SYMLINK,
        "tokens/loop": Kind.SYMLINK,
        "tokens/pipe": Kind.FIFO,
        "tokens/socket": Kind.SOCKET,
    }


@needs_root
def test_a_device_is_told_by_its_kind(source, tokens):
    try:
        os.mknod(tokens / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("no device nodes can be made here")

    assert paths(source) == [("config", "tokens/null", Kind.DEVICE)]


def test_names_of_any_bytes_are_listed(source, tokens):
    names = [b"\xff\xfe", b"new\nline", "ключ".encode(), b"-rf", b" ", b"x" * 255]
    for name in names:
        (tokens / os.fsdecode(name)).write_bytes(b"x")

    listed = source.list()

    assert sorted(os.fsencode(ref.path.removeprefix("tokens/")) for ref in listed) == sorted(names)
    assert r"tokens/\xff\xfe" in [ref.shown for ref in listed]


def test_a_link_in_the_place_of_tokens_is_listed_and_not_followed(source, config, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "reviewer").write_bytes(b"x")
    (config / "tokens").symlink_to(tmp_path / "elsewhere")

    assert paths(source) == [("config", "tokens", Kind.SYMLINK)]


def test_a_file_in_the_place_of_tokens_is_listed(source, config):
    (config / "tokens").write_bytes(b"x")

    assert paths(source) == [("config", "tokens", Kind.FILE)]


def test_a_root_may_be_a_link(source, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "sessions.json").write_bytes(b"x")
    (tmp_path / "state").symlink_to("elsewhere")

    assert paths(source) == [("state", "sessions.json", Kind.FILE)]


@pytest.mark.parametrize("kind", ["a file", "a dangling link", "a loop"])
def test_a_root_that_cannot_be_looked_into_is_unreadable(source, tmp_path, kind):
    for root in ("state", "config"):
        if kind == "a file":
            (tmp_path / root).write_bytes(b"")
        else:
            (tmp_path / root).symlink_to(root if kind == "a loop" else "nowhere")

    assert paths(source) == [
        ("config", "penpot-token", Kind.UNREADABLE),
        ("config", "tokens", Kind.UNREADABLE),
        ("state", "gitlab-oauth-token.json", Kind.UNREADABLE),
        ("state", "sessions.json", Kind.UNREADABLE),
    ]


@needs_root
def test_without_permission_a_root_is_unreadable(state, config, as_another_user):
    os.seteuid(0)
    state.chmod(0o700)
    config.chmod(0o700)
    os.seteuid(65_534)

    assert {ref.kind for ref in as_another_user.list()} == {Kind.UNREADABLE}
    assert len(as_another_user.list()) == 4


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o711])
def test_without_permission_tokens_is_one_unreadable_entry(tokens, as_another_user, mode):
    os.seteuid(0)
    (tokens / "reviewer").write_bytes(b"x")
    tokens.chmod(mode)
    os.seteuid(65_534)

    assert paths(as_another_user) == [("config", "tokens", Kind.UNREADABLE)]


@needs_root
def test_names_that_may_be_read_but_not_looked_at_are_unreadable_one_by_one(tokens, as_another_user):
    os.seteuid(0)
    (tokens / "reviewer").write_bytes(b"x")
    tokens.chmod(0o744)
    os.seteuid(65_534)

    assert paths(as_another_user) == [("config", "tokens/reviewer", Kind.UNREADABLE)]


@pytest.mark.parametrize(
    "aside", ["tokens/.reviewer.strongroom-0123456789abcdef", "tokens/.a.b.strongroom-" + "0" * 16]
)
def test_what_a_killed_removal_left_aside_is_known_by_its_old_name(source, tokens, config, aside):
    (config / aside).write_bytes(b"x")

    (ref,) = source.list()

    assert ref.logical == aside.replace("/.", "/").rpartition(".strongroom-")[0]
    assert source.read(ref).content == b"x"


def test_aside_files_of_the_roots_are_known_too(source, state, config):
    (state / ".sessions.json.strongroom-0123456789abcdef").write_bytes(b"{}")
    (config / ".penpot-token.strongroom-0123456789abcdef").write_bytes(b"x")

    assert [ref.logical for ref in source.list()] == ["penpot-token", "sessions.json"]


@pytest.mark.parametrize(
    "name",
    [
        ".reviewer.strongroom-0123456789abcde",
        ".reviewer.strongroom-0123456789ABCDEF",
        "reviewer.strongroom-0123456789abcdef",
        "..strongroom-0123456789abcdef",
    ],
)
def test_what_only_looks_like_a_file_set_aside_is_itself(source, tokens, name):
    (tokens / name).write_bytes(b"x")

    assert source.list() == [LegacyRef(Root.CONFIG, f"tokens/{name}")]
