"""A process that gives up everything but memory, its two pipes and the clock (Linux; seccomp(2), setrlimit(2))."""

import ctypes
import platform
import resource
import signal
import struct
import sys

MEMORY_OCTETS = 400_000_000
HEAP_OCTETS = 240_000_000
"""Of memory for one file, in pieces small and large; who asks for more is ended with ``ENDED_BY``, so that the other
side knows why. A reader in C++ would end in a fault of its own, as it does of any mistake."""
PIECE_OCTETS = 1 << 27
"""Of memory asked for at once beside the heap; more ends as above."""
ENDED_BY = signal.SIGSYS
CPU_S = 600
"""Of one process in all its life; the deadline of one file is kept by the other side of the pipe."""

_NO_NEW_PRIVILEGES = 38
_NOT_DUMPABLE = 4
_SECCOMP = 22
_FILTER = 2
_MMAP_MAX = -4
"""``M_MMAP_MAX`` of mallopt(3): nought keeps all that is allocated in the heap, whose end the filter can see."""
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050001  # SECCOMP_RET_ERRNO with EPERM
_KILL = 0x80000000
_LOAD = 0x20
_EQUALS = 0x15
_ABOVE = 0x25
_RETURN = 0x06
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOWED = [
    "read",
    "write",
    "close",
    "fstat",
    "poll",
    "lseek",
    "mmap",
    "mprotect",
    "munmap",
    "brk",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_yield",
    "mremap",
    "madvise",
    "getpid",
    "exit",
    "gettimeofday",
    "sigaltstack",
    "gettid",
    "futex",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "exit_group",
    "getrandom",
]
_NUMBERS = {
    "x86_64": "0 1 3 5 7 8 9 10 11 12 13 14 15 24 25 28 39 60 96 131 186 202 228 229 230 231 318",
    "aarch64": "63 64 57 80 73 62 222 226 215 214 134 135 139 124 216 233 172 93 169 132 178 98 113 114 115 94 278",
}  # of arm64's newer calls: ppoll stands for poll
_FIRST = 16
_ASKED = {"mmap": _FIRST + 8, "mremap": _FIRST + 16}
"""Where a call's arguments say how many octets it wants (``struct seccomp_data``, little-endian)."""
_CALLS = {machine: dict(zip(_ALLOWED, map(int, numbers.split()), strict=True)) for machine, numbers in _NUMBERS.items()}


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def limit() -> None:
    """Bound memory and time, and forbid files to grow; to be called before anything of a stranger is read."""
    for which, most in (
        (resource.RLIMIT_AS, MEMORY_OCTETS),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 16),
    ):
        resource.setrlimit(which, (most, most))


def seal() -> bool:
    """Refuse every system call but those above from now on: no file, no socket, no program; say whether it is so.

    What is refused fails with EPERM. Modules that are still to be imported can no longer be.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _CALLS:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    libc.mallopt(_MMAP_MAX, 0)
    octets = _filter(machine, libc.sbrk(0) + HEAP_OCTETS)
    held = ctypes.create_string_buffer(octets, len(octets))
    program = _Program(len(octets) // 8, ctypes.cast(held, ctypes.c_void_p))
    return bool(
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
        and libc.prctl(_NOT_DUMPABLE, 0, 0, 0, 0) == 0
        and libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0
    )


def _filter(machine: str, heap_end: int) -> bytes:
    """Return the filter as classic BPF: the right architecture, bounds of memory, one of the calls, else refused."""
    calls = _CALLS[machine].values()
    lines = [
        (_LOAD, 0, 0, 4),
        (_EQUALS, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        *(line for name, at in _ASKED.items() for line in _bounded(_CALLS[machine][name], at, PIECE_OCTETS)),
        *_bounded(_CALLS[machine]["brk"], _FIRST, heap_end),
        (_LOAD, 0, 0, 0),
        *((_EQUALS, len(calls) - at, 0, call) for at, call in enumerate(calls)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _bounded(call: int, at: int, most: int) -> list[tuple[int, int, int, int]]:
    """Return what ends a process that asks ``call`` for more than ``most``; ``at``: where it says how much."""
    high, low = divmod(most, 1 << 32)
    return [
        (_LOAD, 0, 0, 0),
        (_EQUALS, 0, 6, call),
        (_LOAD, 0, 0, at + 4),
        (_ABOVE, 3, 0, high),
        (_EQUALS, 0, 3, high),
        (_LOAD, 0, 0, at),
        (_ABOVE, 0, 1, low),
        (_RETURN, 0, 0, _KILL),
    ]
