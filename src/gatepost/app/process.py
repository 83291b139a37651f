"""How a process that serves treats its memory, and what it asks of its system."""

import asyncio
import ctypes
import gc
import resource
import sys

from gatepost.app.board import Board
from gatepost.arrive import descriptors
from gatepost.jobs.pause import pause
from gatepost.verify import injection

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGE_OCTETS = 262_144
TRIM_OCTETS = 1_048_576
TIDY_S = 30
TURN_S = 0.0005
WATCH_S = 1.0


def prepare() -> None:
    """Do what every process that takes mail does before its door opens: the house and each SMTP worker alike."""
    give_back_large_blocks()
    open_files_max()
    leave_no_core()
    injection.prepare()


def leave_no_core() -> None:
    """Have a crash leave no file of this memory, nor of those we start: it holds the keys, and mail in clear."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def settle_in() -> None:
    """Do what every process that takes mail does once its house stands, before the first message.

    The garbage collector looks at what messages leave behind, and not each time at the house itself (modules, types,
    settings). A message makes thousands of objects and few cycles: looking for them after every 700 objects, as is the
    default, costs a tenth of the work.

    Threads take short turns. The event loop gives its turn up at each system call, several times a message; beside a
    thread that indexes a batch it would wait five milliseconds, the default, to get it back each time.
    """
    sys.setswitchinterval(TURN_S)
    gc.collect()
    give_back_what_is_free()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def keep_tidy(stop: asyncio.Event) -> None:
    """Give back every half minute what a burst left free, until ``stop`` is set."""
    while not stop.is_set():
        await pause(stop, TIDY_S)
        await asyncio.to_thread(give_back_what_is_free)


async def watch_files(board: Board, stop: asyncio.Event) -> None:
    """Note each second whether files are left for this process to open, until ``stop`` is set."""
    while not stop.is_set():
        board.note_files(are_used_up=descriptors.are_used_up())
        await pause(stop, WATCH_S)


def give_back_large_blocks() -> bool:
    """Tell glibc to map each large block by itself; return whether there is a glibc to tell.

    By default it does so only until the first large block is freed, and then keeps up to 32 MiB of each size it has
    met: a few 25 MB messages would leave more than 100 MB behind.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library, with habits of its own
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE_OCTETS) and mallopt(M_TRIM_THRESHOLD, TRIM_OCTETS))


def give_back_what_is_free() -> bool:
    """Tell glibc to return the free pages between blocks in use; return whether there is a glibc to tell.

    Building the pattern databases and importing the house leave some 17 MB of such pages behind.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return False
    trim(0)
    return True


def open_files_max() -> int:
    """Let this process open as many files as it may, and return how many: each connection is one.

    Most systems allow 1024 at first, for the sake of programs with old habits, and hundreds of thousands on request.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
