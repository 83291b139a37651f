"""How many files this process may still open: each connection is one, and the last of them are kept for the house."""

import math
import os
import resource
from pathlib import Path

KEPT, KEPT_SHARE = 256, 0.25
"""Of the descriptors a process may have, those no SMTP client gets: at most so many, and at most so large a share.

They are for the database, for bodies, for REST, for the metrics, and for clients that come in one burst, each of whom
is to hear why it must come back later.
"""

_OPEN = Path("/proc/self/fd")


def is_among_the_last(descriptor: int) -> bool:
    """Return whether a descriptor just given is among those kept: the system gives the lowest that is free."""
    return descriptor >= _given_max()


def are_used_up() -> bool:
    """Return whether this process may open next to no further file."""
    try:
        descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True
    os.close(descriptor)
    return is_among_the_last(descriptor)


def short(share: float) -> int:
    """Return how many of those that clients get must be closed, so that such a share of them is free."""
    given_max = _given_max()
    try:
        used = sum(int(each.name) < given_max for each in _OPEN.iterdir())
    except OSError:  # not one is left to look with
        used = given_max
    return max(0, math.ceil(share * given_max) - (given_max - used))


def _given_max() -> int:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)  # anew, for it may be changed from outside
    return most - min(KEPT, int(KEPT_SHARE * most))
