"""What is asked and sent within one transaction."""

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest

from db.spending import SPEND, spent
from gatepost.db import Database, DatabaseUnavailableError, Later, UndecidedError
from gatepost.ids import TenantId
from gatepost.keys import Kind


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


async def test_what_was_sent_is_taken_back_where_the_caller_fails(db: Database) -> None:
    with pytest.raises(LookupError):
        await _send_and_fail(db)
    assert await spent(db) == 0


async def test_questions_asked_side_by_side_are_answered_each_with_its_own(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        rows = await asyncio.gather(*(tx.one("select %(n)s::int as n", n=n) for n in range(20)))
    assert [row.n for row in rows] == list(range(20))


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
