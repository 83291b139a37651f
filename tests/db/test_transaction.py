"""What is asked and sent within one transaction."""

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from db.spending import SPEND, spent
from gatepost.db import Database, DatabaseUnavailableError, Later, UndecidedError
from gatepost.db.exchange import Exchange
from gatepost.db.transaction import Transaction
from gatepost.ids import TenantId
from gatepost.keys import KeyringError, Kind


async def test_a_tenant_is_a_value_and_never_a_statement(db: Database) -> None:
    name = "'; drop table spent_token; --\\"
    async with db.transaction(TenantId(name)) as tx:
        row = await tx.one("select current_setting('gatepost.tenant') as tenant")
    assert row.tenant == name


async def test_what_is_sent_is_committed_with_the_rest(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        for _ in range(3):
            tx.send(SPEND)
    assert await spent(db) == 3


async def _spend_and_send_nonsense(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        await tx.run(SPEND)
        tx.send("select 1 / 0")
        tx.send(SPEND)


async def _send_and_fail(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        tx.send(SPEND)
        raise LookupError


async def test_what_is_sent_and_fails_fails_the_commit(db: Database) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        await _spend_and_send_nonsense(db)
    assert await spent(db) == 0


async def _spend_and_hear_nothing_of_nonsense(tx: Transaction) -> None:
    """Ask something that is answered, and send along with it what fails."""
    spending = asyncio.ensure_future(tx.run(SPEND))
    await asyncio.sleep(0)
    tx.send("select 1 / 0")
    await spending


async def _send_nonsense_that_is_answered_before_the_commit(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await _spend_and_hear_nothing_of_nonsense(tx)
        await asyncio.sleep(0.1)


async def test_what_fails_once_the_last_question_was_answered_fails_the_commit_by_its_own_name(db: Database) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        await _send_nonsense_that_is_answered_before_the_commit(db)
    assert await spent(db) == 0


async def test_what_nobody_waited_for_is_told_by_its_own_name_to_whoever_asks_next(db: Database) -> None:
    with pytest.raises(LookupError):
        await _send_nonsense_and_ask(db)
    assert await spent(db) == 0


async def _send_nonsense_and_ask(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await _spend_and_hear_nothing_of_nonsense(tx)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await tx.one("select 1")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            await tx.one("select 1")
        raise LookupError


async def test_what_was_sent_is_taken_back_where_the_caller_fails(db: Database) -> None:
    with pytest.raises(LookupError):
        await _send_and_fail(db)
    assert await spent(db) == 0


async def test_questions_asked_side_by_side_are_answered_each_with_its_own(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        rows = await asyncio.gather(*(tx.one("select %(n)s::int as n", n=n) for n in range(20)))
    assert [row.n for row in rows] == list(range(20))


TENANT = TenantId("tn_a")
_numbers = itertools.count()


@pytest.fixture
def stranger() -> str:
    """Return somebody who has no key yet; the key store outlives a test."""
    return f"stranger{next(_numbers)}@example.org"


async def _seal_and_spend(db: Database, stranger: str, during: Callable[[], Awaitable[None]]) -> None:
    """Seal about a stranger, whose key is written from then on, and go on with ``during`` before the commit."""
    async with db.transaction(TENANT) as tx:
        tx.vault.seal("email/em_1", b"hello", at=datetime(2026, 11, 22, tzinfo=UTC), subject=stranger)
        tx.hasten_keys()
        await tx.run(SPEND)
        await during()


async def _nothing_more() -> None:
    pass


async def test_no_commit_is_asked_for_before_the_new_keys_are_written(
    db: Database, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    is_open, write, put = threading.Event(), db.keys.flush_now, Exchange.put

    def write_late() -> None:
        assert is_open.wait(10)
        write()
        told.append("keys are durable")

    def heard(exchange: Exchange, query: str, values: Mapping[str, object], *, is_waited: bool = True) -> Any:
        told.append(query)
        return put(exchange, query, values, is_waited=is_waited)

    monkeypatch.setattr(db.keys, "flush_now", write_late)
    monkeypatch.setattr(Exchange, "put", heard)
    async with asyncio.TaskGroup() as group:
        committing = group.create_task(_seal_and_spend(db, stranger, _nothing_more))
        done, _ = await asyncio.wait([committing], timeout=0.3)
        assert not done
        assert told == [SPEND]  # the statements go on meanwhile
        is_open.set()
    assert told == [SPEND, "keys are durable", "commit"]


async def test_keys_are_written_while_a_transaction_goes_on(
    db: Database, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_written, write = threading.Event(), db.keys.flush_now

    def write_and_tell() -> None:
        write()
        is_written.set()

    async def until_written() -> None:
        assert await asyncio.to_thread(is_written.wait, 10)
        assert db.keys.ids(TENANT, Kind.SUBJECT, db.keys.subject_name(TENANT, stranger))

    monkeypatch.setattr(db.keys, "flush_now", write_and_tell)
    await _seal_and_spend(db, stranger, until_written)
    assert await spent(db) == 1
    assert await spent(db) == 1


async def test_what_was_sealed_is_not_committed_where_its_keys_were_destroyed_once_written(
    db: Database, stranger: str
) -> None:
    async def destroyed() -> None:
        await db.keys.flush()
        assert db.keys.destroy(TENANT, Kind.SUBJECT, db.keys.subject_name(TENANT, stranger)) == 1

    with pytest.raises(DatabaseUnavailableError):
        await _seal_and_spend(db, stranger, destroyed)
    assert await spent(db) == 0


@pytest.mark.parametrize(("failures", "committed"), [(1, 1), (2, 0)])
async def test_keys_that_could_not_be_written_are_tried_once_more_and_else_nothing_is_committed(
    db: Database, stranger: str, monkeypatch: pytest.MonkeyPatch, failures: int, committed: int
) -> None:
    left, write = [*range(failures)], db.keys.flush_now

    def write_with_luck() -> None:
        if left:
            left.pop()
            raise KeyringError("the disk is full")
        write()

    monkeypatch.setattr(db.keys, "flush_now", write_with_luck)
    with nullcontext() if committed else pytest.raises(DatabaseUnavailableError, match="key store"):
        await _seal_and_spend(db, stranger, _nothing_more)
    assert await spent(db) == committed


async def test_a_transaction_that_sealed_before_keys_were_destroyed_does_not_commit(db: Database) -> None:
    tenant = TenantId("tn_stale")

    async def seal_and_destroy() -> None:
        async with db.transaction(tenant) as tx:
            tx.vault.seal("email/1", b"secret", at=datetime(2026, 11, 1, tzinfo=UTC), subject="boss@example.org")
            db.keys.destroy(tenant, Kind.SUBJECT, db.keys.subject_name(tenant, "boss@example.org"))

    with pytest.raises(DatabaseUnavailableError, match="destroyed") as found:
        await seal_and_destroy()
    assert not isinstance(found.value, UndecidedError)


async def test_what_was_sent_along_can_be_read_after_the_commit(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        later = tx.later("select %(tenant)s as tenant, %(n)s as n", n=7)
    assert [(row.tenant, row.n) for row in later.rows()] == [("tn_a", 7)]


async def test_what_was_sent_along_and_failed_fails_the_transaction(db: Database) -> None:
    sent: list[Later] = []
    with pytest.raises(psycopg.errors.DivisionByZero):
        await _divide(db, sent)
    with pytest.raises(psycopg.errors.DivisionByZero):
        sent[0].rows()


async def _divide(db: Database, sent: list[Later]) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        sent.append(tx.later("select 1 / 0"))
        await tx.one("select 1")


@pytest.fixture
def sendings(monkeypatch: pytest.MonkeyPatch) -> list[list[bytes]]:
    """What was sent to the server, each time together."""
    seen: list[list[bytes]] = []
    flush = Exchange._flush

    def flushed(exchange: Exchange) -> None:
        seen.append([each.text for each in exchange._ready])
        flush(exchange)

    monkeypatch.setattr(Exchange, "_flush", flushed)
    return seen


async def test_what_begins_a_transaction_travels_with_the_first_questions(
    db: Database, sendings: list[list[bytes]]
) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        await asyncio.gather(*(tx.one("select %(n)s::int as n", n=n) for n in range(2)))
        tx.send(SPEND)
        late = tx.later("select 7 as seven")
        await asyncio.sleep(0.05)
    assert [len(each) for each in sendings] == [4, 3]
    assert sendings[0][0] == b"begin"
    assert sendings[1][-1] == b"commit"
    assert late.rows()[0].seven == 7


async def test_a_transaction_that_asked_nothing_and_fails_has_nothing_to_take_back(
    db: Database, sendings: list[list[bytes]]
) -> None:
    with pytest.raises(LookupError):
        await _send_and_fail(db)
    assert sendings == []
    assert await spent(db) == 0
