"""File systems as the kernel lists them."""

from pathlib import Path

import pytest

from gatepost.blobs.mounts import Mount, mount_of

TABLE = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:41 / /srv/a\\040b rw master:3 - nfs4 files.example:/b rw
23 22 0:26 / /run/fast rw,nosuid shared:5 - tmpfs tmpfs rw
31 22 0:42 / /srv/ssh rw - fuse.sshfs someone@there:/ rw
32 22 0:43 / /srv/own rw - fuse.mergerfs pool rw
short line
"""


@pytest.mark.parametrize(
    ("path", "mount", "is_elsewhere"),
    [
        ("/var/lib/gatepost", Mount("8:1", "ext4"), False),
        ("/srv/a b/blobs", Mount("0:41", "nfs4"), True),
        ("/srv/ssh/x", Mount("0:42", "fuse.sshfs"), True),
        ("/srv/own", Mount("0:43", "fuse.mergerfs"), False),
        ("/run/fast/state", Mount("0:26", "tmpfs"), False),
        ("/run/faster", Mount("8:1", "ext4"), False),
        ("relative", Mount("", ""), False),
    ],
)
def test_a_path_lies_on_the_longest_mount_above_it(path: str, mount: Mount, *, is_elsewhere: bool) -> None:
    found = mount_of(Path(path), TABLE)
    assert (found, found.is_elsewhere) == (mount, is_elsewhere)
