"""One connection in use: what travels together, what is remembered, and what a failure leaves."""

from collections.abc import AsyncIterator

import psycopg
import pytest

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
        await opened.ask("select %(n)s as n", {"n": n})
    assert len(connection.prepared) == 1
    await opened.ask("select %(n)s as n", {"n": 2**40})
    assert len(connection.prepared) == 2


async def test_a_name_said_twice_is_one_value_and_a_doubled_percent_sign_is_one(opened: Exchange) -> None:
    answer = await opened.ask("select %(a)s::text || '%%' || %(a)s::text as said", {"a": "x", "unused": 1})
    assert opened.rows(answer) == [("x%x",)]


async def test_after_a_failure_the_next_question_is_answered(opened: Exchange) -> None:
    opened.send("select 1 / 0", {})
    with pytest.raises(psycopg.errors.DivisionByZero):
        await opened.ask("select 1", {})
    assert opened.rows(await opened.ask("select 2 as two", {})) == [(2,)]


async def test_a_statement_that_could_not_be_prepared_is_not_believed_to_be(opened: Exchange) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.UndefinedTable):
            await opened.ask("select from nowhere", {})
    opened.send("select 1 / 0", {})
    with pytest.raises(psycopg.errors.DivisionByZero):
        await opened.ask("select 3 as three", {})  # skipped, and so not prepared either
    assert opened.rows(await opened.ask("select 3 as three", {})) == [(3,)]


async def test_more_than_a_socket_takes_at_once_arrives(opened: Exchange) -> None:
    text = "x" * 20_000_000
    answer = await opened.ask("select length(%(text)s) as length, %(text)s::text as text", {"text": text})
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
        await made.ask(f"select {turn}", {})
        await made.close()
    kept = await (await connection.execute("select count(*) from pg_prepared_statements")).fetchone()
    assert kept is not None
    assert kept[0] <= 5


async def test_a_connection_that_is_idle_again_is_the_pools_own(connection: Connection) -> None:
    made = Exchange(connection)
    made.open()
    await made.ask("select 1", {})
    await made.close()
    assert await (await connection.execute("select 7")).fetchone() == (7,)
