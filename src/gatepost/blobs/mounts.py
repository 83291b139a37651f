"""On which file system a path lies, by the kernel's own table (proc_pid_mountinfo(5))."""

from dataclasses import dataclass
from pathlib import Path

TABLE = Path("/proc/self/mountinfo")

_POINT, _DEVICE = 4, 2
_SEPARATOR = " - "


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system: its device as ``major:minor``, its kind as ``mount`` names it. Empty where unknown."""

    device: str
    kind: str

    @property
    def is_elsewhere(self) -> bool:
        """Whether its octets lie on another machine: a share, or a folder reached over SSH or the like."""
        return self.kind.partition(".")[2] in _FUSE if self.kind.startswith("fuse.") else self.kind in _SHARES


_SHARES = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "afs", "glusterfs", "lustre", "gpfs", "beegfs"})
_FUSE = frozenset({"sshfs", "s3fs", "glusterfs", "rclone", "goofys", "gcsfuse", "davfs", "ceph-fuse", "juicefs"})


def mount_of(path: Path, mountinfo: str) -> Mount:
    """Return the file system of a path, by the text of ``TABLE``; the longest mount point wins, then the last."""
    best, found = "", Mount("", "")
    for line in mountinfo.splitlines():
        place, _, source = line.partition(_SEPARATOR)
        parts = place.split(" ")
        if len(parts) <= _POINT:
            continue
        point = parts[_POINT].replace("\\040", " ")
        if path.is_relative_to(point) and len(point) >= len(best):
            best, found = point, Mount(parts[_DEVICE], source.partition(" ")[0])
    return found
