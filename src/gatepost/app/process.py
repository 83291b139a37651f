"""What a process that serves asks of its system: to take memory back, and to let it open enough files."""

import ctypes
import resource

from gatepost.verify import injection

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGE_OCTETS = 262_144
TRIM_OCTETS = 1_048_576


def prepare() -> None:
    """Do what every process that takes mail does before its door opens: the house and each SMTP worker alike."""
    give_back_large_blocks()
    open_files_max()
    injection.prepare()


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


def open_files_max() -> int:
    """Let this process open as many files as it may, and return how many: each connection is one.

    Most systems allow 1024 at first, for the sake of programs with old habits, and hundreds of thousands on request.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
