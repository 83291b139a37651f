"""What a disk says, and when it has what we gave it."""

import errno
import os
from contextlib import suppress
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Why a write fails where there is no room: on the disk, or for us on it."""


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int) -> None:
    """Make ``folder`` and those above it, each durable in the one above; one that is there is durable too, afterwards.

    Whoever made it may have been killed, or may not have come to flush it yet.
    """
    if not folder.parent.is_dir():
        make_folder(folder.parent, mode)
    folder.mkdir(mode=mode, exist_ok=True)
    with suppress(PermissionError):  # one that we may not list was made, with all in it, before we came
        sync_folder(folder.parent)
