"""On which kind of file system a path lies (proc_pid_mountinfo(5))."""

import re
from pathlib import Path

# fmt: off
NETWORK_FILESYSTEMS = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.davfs2", "fuse.glusterfs",
    "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
    "ocfs2", "orangefs", "pvfs2", "smb", "smb2", "smb3", "smbfs", "virtiofs",
})
# fmt: on
_OCTAL = re.compile(r"\\([0-7]{3})")


def network_filesystem(path: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> str | None:
    """Return the type of the network file system that `path` lies on; None if it is local, or unknown."""
    try:
        lines = mountinfo.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    kind = _kind_at(path.resolve(), lines)
    return kind if kind in NETWORK_FILESYSTEMS else None


def _kind_at(path: Path, lines: list[str]) -> str | None:
    """Find the deepest mount point above `path`; of two at one place the later one lies on top."""
    best, depth = None, -1
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        mount = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4]))
        if path.is_relative_to(mount) and len(mount.parts) >= depth:
            best, depth = kind, len(mount.parts)
    return best
