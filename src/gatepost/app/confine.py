"""The kernel's word that the agents' process has no way out: a seccomp filter, for good, for all it may ever run.

It may open streams of this machine (AF_UNIX) and no other sockets, start no program, look into no other process, and
use no io_uring, which would open sockets past any filter. Where it is watched, each ``connect`` waits for another
process's word (``app.usher``). Whatever code runs there, Python's, a library's or an attacker's: ADR 84, ADR 106.
Everything else is left alone, so a filter of the service manager around us says what it says.
"""

import ctypes
import errno
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38  # prctl.h
SECCOMP_MODE_FILTER = 2
AF_UNIX, SOCK_STREAM = 1, 1

# filter.h and bpf_common.h: load a word of struct seccomp_data, compare it, return.
_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER_AT, _ARCH_AT, _FAMILY_AT, _TYPE_AT = 0, 4, 16, 24
_TYPE_MASK = 0xF  # beside it lie SOCK_NONBLOCK and SOCK_CLOEXEC
_ALLOW, _REFUSE, _KILL, _ASK = 0x7FFF0000, 0x00050000 | errno.EACCES, 0x80000000, 0x7FC00000
_SET_FILTER, _WITH_LISTENER = 1, 8  # seccomp.h: SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER
_X32 = 0x40000000
"""From here on, x86_64 counts the same calls a second time (the x32 ABI)."""


class ConfineError(OSError):
    """The kernel takes no filter from this process; the text says why."""


class Calls(NamedTuple):
    """The numbers of one architecture's system calls (``asm/unistd.h``), and its AUDIT_ARCH."""

    arch: int
    sockets: tuple[int, ...]
    connect: int
    seccomp: int
    closed: tuple[int, ...]


KNOWN = {
    # socket, socketpair | connect | seccomp
    # | execve, ptrace, process_vm_readv, process_vm_writev, execveat, io_uring_*, pidfd_getfd
    "x86_64": Calls(0xC000003E, (41, 53), 42, 317, (59, 101, 310, 311, 322, 425, 426, 427, 438)),
    "aarch64": Calls(0xC00000B7, (198, 199), 203, 277, (221, 117, 270, 271, 281, 425, 426, 427, 438)),
}


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


Step = tuple[int, int, int, int]


def steps(calls: Calls, *, is_watched: bool = False) -> Iterator[Step]:
    """Yield the filter: code, steps to skip where true and where false, constant."""
    yield _LOAD, 0, 0, _ARCH_AT
    yield _EQUAL, 1, 0, calls.arch
    yield _RETURN, 0, 0, _KILL  # another architecture's numbers mean other calls
    yield _LOAD, 0, 0, _NUMBER_AT
    yield _AT_LEAST, 0, 1, _X32
    yield _RETURN, 0, 0, _REFUSE
    for number in calls.closed:
        yield _EQUAL, 0, 1, number
        yield _RETURN, 0, 0, _REFUSE
    for number in calls.sockets:
        yield _EQUAL, 0, 7, number
        yield _LOAD, 0, 0, _FAMILY_AT
        yield _EQUAL, 0, 4, AF_UNIX
        yield _LOAD, 0, 0, _TYPE_AT
        yield _AND, 0, 0, _TYPE_MASK
        yield _EQUAL, 0, 1, SOCK_STREAM  # a datagram names its address where it likes, and asks no connect
        yield _RETURN, 0, 0, _ALLOW
        yield _RETURN, 0, 0, _REFUSE
    if is_watched:
        yield _EQUAL, 0, 1, calls.connect
        yield _RETURN, 0, 0, _ASK
    yield _RETURN, 0, 0, _ALLOW


def confine(machine: str = "", *, is_watched: bool = False) -> int | None:
    """Put the filter in force for this process, its threads and its children to come.

    Args:
        machine: the architecture's name; empty for this one's.
        is_watched: let each ``connect`` wait for another process's word.

    Returns:
        A file in which the waiting connections are read; None where nobody is to watch, or another watches already.

    Raises:
        ConfineError: the kernel or its architecture has none, or there are threads already, which it would not bind.
    """
    calls = KNOWN.get(machine or platform.machine())
    if calls is None or not hasattr(ctypes.CDLL(None), "prctl"):
        raise ConfineError(errno.ENOSYS, "no filter is known for this system")
    if len([*Path("/proc/self/task").iterdir()]) != 1:
        raise ConfineError(errno.EBUSY, "there are threads already")
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero)
    if is_watched:
        asked = (ctypes.c_long(calls.seccomp), ctypes.c_ulong(_SET_FILTER), ctypes.c_ulong(_WITH_LISTENER))
        listener = int(libc.syscall(*asked, ctypes.byref(_program(steps(calls, is_watched=True)))))
        if listener >= 0:
            return listener
    made = _program(steps(calls))
    if libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(made), zero, zero):
        raise ConfineError(ctypes.get_errno(), "the kernel takes no seccomp filter")
    return None


def _program(filtering: Iterator[Step]) -> _Program:
    lines = [_Step(*step) for step in filtering]
    return _Program(len(lines), (_Step * len(lines))(*lines))


def is_confined(pid: int) -> bool | None:
    """Tell whether a filter is in force for a process; None where nobody can tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return fields["Seccomp"].strip() == str(SECCOMP_MODE_FILTER) if "Seccomp" in fields else None
