import psycopg
import pytest

from gatepost.db import Database, DatabaseUnavailableError


async def _listen(db: Database, owner_dsn: str) -> None:
    async with db.listen("somewhere") as connection:
        async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner:
            await owner.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
        async for _ in connection.notifies():
            pass


async def test_a_connection_lost_while_listening_is_our_error(db: Database, owner_dsn: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await _listen(db, owner_dsn)
    async with db.transaction(None) as tx:
        await tx.run("select 1")
