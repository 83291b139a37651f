"""What PostgreSQL says of its disk is told from what it says of a statement."""

from types import SimpleNamespace
from typing import LiteralString, cast

import psycopg
import pytest

from gatepost.db import Database, DatabaseUnavailableError, DiskError
from gatepost.db.storage import is_of_the_disk


def _said(sqlstate: str | None, source_file: str | None) -> psycopg.Error:
    """Return what PostgreSQL says with that code, from that one of its sources."""
    return cast("psycopg.Error", SimpleNamespace(sqlstate=sqlstate, diag=SimpleNamespace(source_file=source_file)))


@pytest.mark.parametrize(
    ("sqlstate", "source_file", "is_disk"),
    [
        ("42501", "md.c", True),  # EROFS: "could not extend file"
        ("42501", "fd.c", True),
        ("XX000", "md.c", True),  # EDQUOT, for which it has no code
        ("XX001", "bufmgr.c", True),  # a page that does not check
        ("42501", "aclchk.c", False),  # a table that is not ours
        ("42501", "execMain.c", False),  # a row that row-level security refuses
        ("23505", "nbtinsert.c", False),
        ("25P02", "postgres.c", False),
        (None, None, False),  # psycopg's own
    ],
)
def test_a_disk_is_told_from_a_right(sqlstate: str | None, source_file: str | None, *, is_disk: bool) -> None:
    assert is_of_the_disk(_said(sqlstate, source_file)) is is_disk


async def _raise(db: Database, code: LiteralString) -> None:
    async with db.transaction(None) as tx:
        await tx.run("do $$ begin raise exception using errcode = '" + code + "'; end $$")


async def test_a_fault_of_postgresql_itself_is_an_outage_of_the_disk_and_leaves_the_connection_usable(
    app_dsn: str,
) -> None:
    async with Database.open(app_dsn, size=1) as db:
        with pytest.raises(DiskError):
            await _raise(db, "XX000")
        assert await db.look_up("select 1 as one") == [(1,)]
        assert issubclass(DiskError, DatabaseUnavailableError)


async def test_a_right_that_is_missing_is_no_outage(db: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await _raise(db, "42501")
