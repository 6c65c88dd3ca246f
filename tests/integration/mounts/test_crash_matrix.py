"""Killed before any call that changes something: after the next sweep what is kept is whole, and nothing else is there.

Each call is found by a run that nothing happens to, and is then the last of a run of its own.
"""

from collections import Counter
from pathlib import Path

import pytest

from adapters.filesystem import DirectoryTokenMount
from tests.integration.faults.tracing import missing_tool
from tests.support import token_steps
from tests.support.memory_directory import memory_directory
from tests.support.token_memory import CALL, OURS, SERVICE, files_below, skip_without_memory, stepped
from tests.support.token_steps import KEEP, NEW, OLD, PENPOT

CHANGES = (
    "mkdirat,openat,fchown,fchownat,chown,fchmod,fchmodat,chmod,write,pwrite64,ftruncate,truncate,"
    "renameat,rename,unlinkat,unlink,rmdir"
)
KILLED = -9

STEPS = {
    "first": ("nothing", KEEP, {None, OLD}),
    "rotate": ("token", KEEP, {OLD, NEW}),
    "wipe": ("token", {"reviewer": ["penpot-token"]}, {None}),
    "sweep": ("strays", KEEP, {OLD}),
}
"""For each step what is there before, what is to be kept, and what the token may be after the next sweep."""


def made(root, before):
    """Make the memory ready, as it is before the step; never mounted, for that takes root and nothing here needs it."""
    root.mkdir(0o711)
    (root / "service").write_text(SERVICE)
    mounts = DirectoryTokenMount(root, service=SERVICE)
    mounts.prepare()
    mounts.write("reviewer", "penpot-token", PENPOT, OURS)
    if before != "nothing":
        token_steps.take("first", mounts)
    if before == "strays":
        agent = Path(mounts.directory("reviewer"))
        mounts.write("coder", "tokens/coder", b"tok", OURS)
        (agent / "tokens" / ".new-0123456789abcdef").write_bytes(b"tok")
        (agent / "tree" / "deep").mkdir(parents=True)
        (agent / "tree" / "deep" / "file").write_bytes(b"tok")
        (agent / "link").symlink_to("penpot-token")
    return mounts


def points(step, before):
    """Return the calls of a step that change something, as a name and a number."""
    with memory_directory() as root:
        made(root, before)
        log = root.parent / "log"
        done = stepped(root, step, "-o", str(log), "-e", f"trace={CHANGES}")
        assert done.returncode == 0, done.stdout + done.stderr
        count, found = Counter(), []
        for call in CALL.finditer(log.read_text()):
            count[call["name"]] += 1
            if changes(call, root):
                found.append((call["name"], count[call["name"]]))
    return found


def changes(call, root):
    if call["name"].startswith("openat"):
        return "O_CREAT" in call["rest"] and str(root) in call["rest"]
    return str(root) in call["rest"] or "/proc/self/fd/" in call["rest"]


@pytest.mark.parametrize("step", STEPS)
def test_whatever_call_is_the_last_the_next_sweep_leaves_what_is_kept_and_nothing_else(step):
    skip_without_memory()
    if reason := missing_tool():
        pytest.skip(reason)
    before, keep, tokens = STEPS[step]
    found = points(step, before)
    for name, number in found:
        with memory_directory() as root:
            mounts = made(root, before)
            log = root.parent / "log"
            inject = f"inject={name}:signal=KILL:when={number}"
            done = stepped(root, step, "-o", str(log), "-e", f"trace={name}", "-e", inject)
            *_, last = CALL.finditer(log.read_text())
            assert done.returncode == KILLED, (name, number, done.stderr)
            assert changes(last, root), (name, number, last[0])
            mounts.sweep(keep)

            left = files_below(root / "agents")
            token = left.pop("reviewer/tokens/reviewer", None)
            assert left == {"reviewer/penpot-token": PENPOT}, (name, number)
            assert token in tokens, (name, number)
            assert mounts.write("reviewer", "tokens/reviewer", b"tok-later", OURS) is True
    assert len(found) >= {"first": 5, "rotate": 4, "wipe": 2, "sweep": 8}[step]
