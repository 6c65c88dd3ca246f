"""Programs that read a token in a container, and say what they read."""

import json
import subprocess
import sys
from contextlib import contextmanager

READS = """
import json, os, sys
path, enough, seen = sys.argv[1], int(sys.argv[2]), dict.fromkeys(("whole", "empty", "torn", "missing", "values"), 0)
print("reading", flush=True)
last = None
while seen["whole"] < enough:
    try:
        with open(path, "rb") as file:
            token = file.read().strip()
    except FileNotFoundError:
        seen["missing"] += 1
        continue
    half = len(token) // 2
    kind = "empty" if not token else "whole" if token[:half] == token[half:] else "torn"
    seen[kind] += 1
    seen["values"] += token != last
    last = token
print(json.dumps(seen), flush=True)
"""
"""Reads until it has read a whole token often enough; a whole one is the same text twice."""


def a_token(number):
    """Return a token that shows whether it was read whole."""
    half = f"{number:08d}" + "x" * 1_000
    return half + half


@contextmanager
def in_a_container(directory, *command, target="/mnt", unshare=("--unshare-all",)):
    """Run a command in a bubblewrap container of its own that has `directory` at `target`; gives its process."""
    binds = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--ro-bind", str(directory), target]
    begun = ["bwrap", *binds, *unshare, "--die-with-parent", "--", *command]
    with subprocess.Popen(begun, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def a_reader(directory, file, *, reads):
    """Run a reader in a container; gives what tells how its reads went, once they are done."""
    with in_a_container(directory, sys.executable, "-c", READS, f"/mnt/{file}", str(reads)) as process:
        assert process.stdout.readline() == b"reading\n"
        yield lambda: json.loads(process.stdout.readline())
