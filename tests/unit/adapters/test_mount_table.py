"""Lines of the kernel's table of mounts are read back as what they were made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.system.mount_table import MountPoint, parse_line

ESCAPED = {ord(" "): rb"\040", ord("\t"): rb"\011", ord("\n"): rb"\012", ord("\\"): rb"\134"}
"""What the kernel writes for what would end a field (proc_pid_mountinfo(5))."""

PARTS = st.binary(min_size=1, max_size=12).map(lambda part: part.replace(b"/", b"_").replace(b"\0", b"_"))
OF_TRAPS = st.lists(st.sampled_from(list(b" \t\n\\0147deleted")), min_size=1, max_size=8).map(bytes)
PATHS = st.lists(PARTS | OF_TRAPS, max_size=4).map(lambda parts: b"/" + b"/".join(parts))
NUMBERS = st.integers(min_value=0, max_value=2**31)
OPTIONAL = st.lists(st.sampled_from([b"shared:1", b"master:7", b"propagate_from:2", b"unbindable"]), max_size=3)


def written(path):
    return b"".join(ESCAPED.get(byte, bytes([byte])) for byte in path)


@given(NUMBERS, st.tuples(NUMBERS, NUMBERS), PATHS, PATHS, st.tuples(OPTIONAL, st.booleans()))
def test_a_line_is_read_back(number, numbers, root, point, what):
    device, (optional, is_deleted) = b"%d:%d" % numbers, what
    fields = [b"%d" % number, b"22", device, written(root) + b"//deleted" * is_deleted, written(point), b"ro,relatime"]
    line = b" ".join([*fields, *optional, b"-", b"tmpfs", b"tmpfs", b"rw,size=64k"])

    assert parse_line(line) == MountPoint(number=number, device=device, root=root, point=point, is_deleted=is_deleted)


@given(st.binary(max_size=60))
def test_any_line_is_read_or_is_none(line):
    found = parse_line(line)

    assert found is None or found.number >= 0


@pytest.mark.parametrize(
    "line", [b"", b"1 2 0:1", b"x 2 0:1 / / rw - tmpfs tmpfs rw", b" ", b"-1 2 0:1 / / rw - a b c"]
)
def test_what_is_no_line_is_none(line):
    assert parse_line(line) is None
