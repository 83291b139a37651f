"""What PostgreSQL says where it lives and its disk does not: that is about the disk, and about no statement."""

from typing import Final

import psycopg

_INTERNAL: Final = "XX"
"""The class of its own faults (PostgreSQL Appendix A): a page that does not check, and every ``errno`` it has no code
for, such as that of a quota (EDQUOT)."""

_FILES: Final = frozenset(
    {
        "md.c",
        "fd.c",
        "buffile.c",
        "bufmgr.c",
        "bulk_write.c",
        "copydir.c",
        "fileset.c",
        "localbuf.c",
        "slru.c",
        "xlog.c",
    }
)
"""The sources of PostgreSQL that ask the system for files. They say "insufficient privilege" of a file system that was
mounted read-only (EROFS, ``errcode_for_file_access``): the very code of a row that row-level security refuses."""


def is_of_the_disk(error: psycopg.Error) -> bool:
    """Tell whether PostgreSQL answered that it cannot read or write what it stores; the transaction is rolled back."""
    return (error.sqlstate or "").startswith(_INTERNAL) or error.diag.source_file in _FILES
