"""What PostgreSQL says that is about itself, its machine or its operator, and about no statement of ours.

Whoever hears it tries again later: mail is answered 451, and what works beside the doors goes on where it was. psycopg
sorts most of it under ``OperationalError``; this module knows what it sorts otherwise (PostgreSQL Appendix A).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from gatepost.db.storage import is_of_the_disk
from gatepost.db.transaction import DatabaseUnavailableError, DiskError
from gatepost.keys import KeysUnusableError

_STATES: Final = frozenset(
    {
        "25006",  # read_only_sql_transaction: a standby, or somebody made the server read-only
        "25P03",  # idle_in_transaction_session_timeout
        "25P04",  # transaction_timeout
        "3D000",  # invalid_catalog_name: the database was renamed or dropped
        "72000",  # snapshot_too_old
    }
)
_LIMIT: Final = "54"
"""The class of what is too long or too deep for PostgreSQL: a statement's own fault, though psycopg sorts it with the
outages. Whoever brought it would come again for ever, and take along all who share a commit with it."""

READ_ONLY: Final = "the database is read-only"


def is_outage(error: psycopg.Error) -> bool:
    """Tell whether another attempt, at another time, may fare better with the same statement."""
    code = error.sqlstate or ""
    return code in _STATES or (isinstance(error, psycopg.OperationalError) and not code.startswith(_LIMIT))


@contextmanager
def outages(*, is_still: bool = False) -> Iterator[None]:
    """Tell what is away, and may be there again soon, from what is wrong with a statement.

    Args:
        is_still: we ourselves said that nothing is to be written.

    Raises:
        DatabaseUnavailableError: PostgreSQL, the way there or the key store is not to be had now.
        DiskError: PostgreSQL's own disk failed a statement.
    """
    try:
        yield
    except KeysUnusableError as error:
        raise DatabaseUnavailableError(f"the key store: {error}") from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        if is_still:
            raise
        raise DatabaseUnavailableError(READ_ONLY) from error
    except psycopg.Error as error:
        if is_outage(error):
            raise DatabaseUnavailableError(type(error).__name__) from error
        if is_of_the_disk(error):
            raise DiskError(type(error).__name__) from error
        raise
