"""What PostgreSQL's processes hear of our environment.

They may run under another account, which can read theirs (``/proc/PID/environ``): our secrets, a bucket's key for one,
are not for it.
"""

import re
from collections.abc import Mapping

_NAMES = re.compile(r"PATH|TZ|LANG|LANGUAGE|LC_[A-Z]+|LD_[A-Z_]+|GLIBC_TUNABLES|MALLOC_[A-Z_]+|PG_OOM_ADJUST_[A-Z]+")
# A commit of many messages takes some megabytes, and gives all of it back at its end. The C library would return it to
# the system each time and be given it again page by page, cleared: with 64 messages a seventh of PostgreSQL's CPU. So
# each process keeps up to 16 MB for its next statement (docs/adr/0155).
_MEMORY = {
    "MALLOC_TOP_PAD_": str(1 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(8 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
}


def handed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what is said of places, languages, libraries and memory: the operator's word before ours."""
    return _MEMORY | {name: value for name, value in environment.items() if _NAMES.fullmatch(name)}
