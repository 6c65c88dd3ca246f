"""What stands in a unit, and what systemd makes of its filter for system calls."""

import re
import subprocess

from tests.integration.packaging.programs import PACKAGING, program

SYSTEMD = PACKAGING / "systemd"


def directives(name):
    """Directive -> its values, in order, of a unit or a drop-in."""
    found = {}
    for line in (SYSTEMD / name).read_text().splitlines():
        if line and line[0] not in "#[":
            directive, _, value = line.partition("=")
            found.setdefault(directive, []).append(value)
    return found


def allowed_calls(filters):
    """Expand SystemCallFilter= lines into names of system calls; what is always allowed comes first."""
    sets = _sets()
    allowed = _expanded("@default", sets)
    for line in filters:
        named = {name for word in line.removeprefix("~").split() for name in _expanded(word, sets)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def _expanded(word, sets):
    return {name for each in sets[word] for name in _expanded(each, sets)} if word.startswith("@") else {word}


def _sets():
    listed = subprocess.run(
        [program("systemd-analyze", "systemd"), "syscall-filter"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
    ).stdout
    sets = {}
    for line in listed.splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.strip(), [])
        elif found := re.fullmatch(r" +([@a-z0-9_-]+)", line):
            current.append(found[1])
        elif line.startswith("#"):
            current = []  # what the kernel has and no set names
    return sets
