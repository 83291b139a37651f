"""One connection in use: what travels together, what is remembered, and what a failure leaves."""

import asyncio
import select
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gatepost.db import exchange
from gatepost.db.exchange import Connection, Exchange


@pytest.fixture
async def connection(app_dsn: str) -> AsyncIterator[Connection]:
    async with await Connection.connect(app_dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def opened(connection: Connection) -> AsyncIterator[Exchange]:
    made = Exchange(connection)
    made.open()
    yield made
    await made.close()


async def test_a_statement_is_prepared_once_for_each_kind_of_values(opened: Exchange, connection: Connection) -> None:
    for n in (1, 2, 3):
        await opened.put("select %(n)s as n", {"n": n})
    assert len(connection.prepared) == 1
    await opened.put("select %(n)s as n", {"n": 2**40})
    assert len(connection.prepared) == 2


async def test_a_name_said_twice_is_one_value_and_a_doubled_percent_sign_is_one(opened: Exchange) -> None:
    answer = await opened.put("select %(a)s::text || '%%' || %(a)s::text as said", {"a": "x", "unused": 1})
    assert opened.rows(answer) == [("x%x",)]


async def test_after_a_failure_the_next_question_is_answered(opened: Exchange) -> None:
    opened.send("select 1 / 0", {})
    with pytest.raises(psycopg.errors.DivisionByZero):
        await opened.put("select 1", {})
    assert opened.rows(await opened.put("select 2 as two", {})) == [(2,)]


async def test_a_statement_that_could_not_be_prepared_is_not_believed_to_be(opened: Exchange) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.UndefinedTable):
            await opened.put("select from nowhere", {})
    opened.send("select 1 / 0", {})
    with pytest.raises(psycopg.errors.DivisionByZero):
        await opened.put("select 3 as three", {})  # skipped, and so not prepared either
    assert opened.rows(await opened.put("select 3 as three", {})) == [(3,)]


async def test_more_than_a_socket_takes_at_once_arrives(opened: Exchange) -> None:
    text = "x" * 20_000_000
    answer = await opened.put("select length(%(text)s) as length, %(text)s::text as text", {"text": text})
    (row,) = opened.rows(answer)
    assert row.length == len(text)
    assert row.text == text


async def test_a_connection_remembers_no_more_than_it_may(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "PREPARED_MAX", 3)
    for turn in range(6):
        made = Exchange(connection)
        made.open()
        await made.put(f"select {turn}", {})
        await made.close()
    kept = await (await connection.execute("select count(*) from pg_prepared_statements")).fetchone()
    assert kept is not None
    assert kept[0] <= 5


async def test_a_connection_that_is_idle_again_is_the_pools_own(connection: Connection) -> None:
    made = Exchange(connection)
    made.open()
    await made.put("select 1", {})
    await made.close()
    assert await (await connection.execute("select 7")).fetchone() == (7,)


NOTICE = b"SNOTICE\0C01000\0MGoing.\0\0"


class Dying:
    """Stands before PostgreSQL and relays, until it dies: with a last word, and with what it was sent unread."""

    def __init__(self, folder: Path, dsn: str) -> None:
        words = conninfo_to_dict(dsn)
        self.dsn = make_conninfo(dsn, host=str(folder))
        self.is_dying = False
        self._server = f"{words['host']}/.s.PGSQL.{words.get('port', 5432)}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{words.get('port', 5432)}"))
        self._listener.listen()
        self._thread = threading.Thread(target=self._relay)
        self._thread.start()

    def _relay(self) -> None:
        with self._listener, self._listener.accept()[0] as client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            pairs = {client: server, server: client}
            while True:
                for said in select.select([client, server], [], [])[0]:
                    if self.is_dying and said is client:
                        client.sendall(b"N" + (len(NOTICE) + 4).to_bytes(4, "big") + NOTICE)
                        return
                    pairs[said].sendall(said.recv(65_536))

    def bury(self) -> None:
        self._thread.join(10)


async def test_a_server_that_dies_with_a_last_word_is_noticed(app_dsn: str, tmp_path: Path) -> None:
    """The word is read and the end is not yet; uvloop does not call again for a socket that once had an error."""
    dying = Dying(tmp_path, app_dsn)
    connection = await Connection.connect(dying.dsn, autocommit=True)
    made = Exchange(connection)
    made.open()
    assert made.rows(await made.put("select 1 as one", {})) == [(1,)]
    dying.is_dying = True
    asked = made.put("select 2 as two", {})
    await asyncio.sleep(0)  # it is on its way
    dying.bury()  # the loop stands still meanwhile, and finds word and error at once
    async with asyncio.timeout(5):
        with pytest.raises(psycopg.OperationalError):
            await asked
    await made.close()
    await connection.close()
