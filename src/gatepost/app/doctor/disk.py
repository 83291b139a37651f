"""The disk: is there room, does flushing flush, and is the folder ours?"""

import os
import shutil
import stat
import statistics
import time
from pathlib import Path

from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.arrive.capacity import FILES_MIN
from gatepost.blobs.mounts import TABLE, mount_of
from gatepost.durable import FULL

ROOM_WARN_OCTETS = 2 * 1024**3
ROOM_FAIL_OCTETS = 256 * 1024**2
FILES_WARN = 10_000
FLUSHES = 12
FLUSH_SUSPECT_S = 0.00005
"""No disk and no flash flushes in 50 microseconds; a controller with a battery takes longer to be reached."""
FLUSH_SLOW_S = 0.05
_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})


def look(state: Path) -> list[Finding]:
    """Return how the disk under the state folder is."""
    if not state.is_dir():
        return [
            warning("disk.state", f"there is no state folder {state} yet", "it is made at the first start; look again")
        ]
    try:
        return [_folder(state), judge_room(*_room(state)), _keeps(state), judge_flush(time_flush(state))]
    except OSError as error:
        advice = "make room, now" if error.errno in FULL else "let this account own it"
        return [failure("disk.state", f"cannot write to {state}: {error.strerror}", advice)]


def judge_second(*, guards_no_fork: bool) -> Finding:
    """Judge where the log lies a second time (``build.guards_no_fork``)."""
    if guards_no_fork:
        return warning(
            "disk.second",
            "the log's second store is in the state folder and no witness cosigns: restoring the folder forks the log",
            "set log.second to another disk or a bucket, or name log.witnesses",
        )
    return ok("disk.second", "the log lies outside the state folder too, or witnesses know how far it came")


def _folder(state: Path) -> Finding:
    facts = state.stat()
    if facts.st_uid != os.geteuid():
        return failure("disk.state", f"{state} belongs to another account", f"run as its owner, or chown it: {state}")
    if facts.st_mode & stat.S_IWOTH:
        return failure("disk.state", f"everybody may write to {state}", f"chmod o-w {state}")
    return ok("disk.state", f"{state} is ours")


def _room(state: Path) -> tuple[int, int]:
    files = os.statvfs(state)
    return shutil.disk_usage(state).free, files.f_favail if files.f_files else FILES_WARN


def judge_room(free_octets: int, free_files: int) -> Finding:
    """Judge how much is free."""
    said = f"{free_octets / 1024**3:.1f} GiB are free"
    if free_octets < ROOM_FAIL_OCTETS:
        return failure("disk.room", f"{said}: mail is refused with 452 to keep what there is", "make room, now")
    if free_files < FILES_MIN:
        return failure("disk.room", f"only {free_files} more files fit: mail is refused with 452", "make room, now")
    if free_octets < ROOM_WARN_OCTETS:
        return warning("disk.room", said, "make room, or give the state folder a larger disk")
    if free_files < FILES_WARN:
        return warning(
            "disk.room", f"{said}, but only {free_files} more files fit", "use a file system with more inodes"
        )
    return ok("disk.room", said)


def _keeps(state: Path) -> Finding:
    kind = mount_of(state.resolve(), TABLE.read_text()).kind
    if kind in _MEMORY:
        return failure("disk.kind", f"{state} is in memory ({kind}): all is lost at the next boot", "move it to a disk")
    return ok("disk.kind", f"the file system is {kind or 'unknown'}")


def time_flush(state: Path) -> float:
    """Return the median of seconds that a small write takes to be on the disk."""
    path = state / f".doctor-{os.getpid()}"
    took = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        for number in range(FLUSHES):
            os.pwrite(descriptor, bytes([number]) * 4096, number * 4096)
            began = time.perf_counter()
            os.fsync(descriptor)
            took.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        path.unlink()
    return statistics.median(took)


def judge_flush(seconds: float) -> Finding:
    """Judge how long fsync takes: too fast is worse than slow."""
    said = f"a flush takes {seconds * 1000:.2f} ms"
    if seconds < FLUSH_SUSPECT_S:
        return warning(
            "disk.flush",
            f"{said}, faster than any disk: after a power cut, accepted mail may be gone",
            "look for eatmydata, nobarrier, a disk in memory, or a virtual disk with cache=unsafe",
        )
    if seconds > FLUSH_SLOW_S:
        return warning("disk.flush", f"{said}: each commit waits for it", "use a faster disk for the database")
    return ok("disk.flush", said)
