"""Correspondents and sent mail on a real PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from decide.scene import ACCOUNT, BOSS, NOON, TENANT
from gatepost.db import Database
from gatepost.decide import outbound_store as store
from gatepost.decide.outbound_store import Dispatch, Known, Met
from gatepost.decide.paper import Counted
from gatepost.ids import AccountId, EmailId, TenantId, ThreadId
from gatepost.mail.address import Address

OTHER = AccountId(8)
SALES = Address("sales", "example.com")
EVE = Address("eve", "evil.example")
FIRST = Dispatch(account=ACCOUNT, email=EmailId("em_1"), recipients=(BOSS, SALES), thread=ThreadId("th_1"), at=NOON)
NEXT = replace(FIRST, email=EmailId("em_2"))


async def met(db: Database, account: AccountId, *persons: str) -> None:
    async with db.transaction(TENANT) as tx:
        store.add_correspondents(tx, [Met(account, person, NOON) for person in persons])


async def known(db: Database, *persons: str, tenant: TenantId = TENANT) -> Known:
    async with db.transaction(tenant) as tx:
        return await store.known(tx, ACCOUNT, persons)


async def send(db: Database, dispatch: Dispatch) -> None:
    async with db.transaction(TENANT) as tx:
        store.add_sent(tx, [dispatch])


async def count(db: Database, dispatch: Dispatch, *, tenant: TenantId = TENANT) -> store.Sent:
    async with db.transaction(tenant) as tx:
        return await store.count_sent(tx, dispatch)


async def test_correspondents_are_the_accounts_or_the_tenants(db: Database) -> None:
    await met(db, ACCOUNT, "a@x.example", "a@x.example")
    await met(db, OTHER, "b@x.example")
    await met(db, ACCOUNT, "a@x.example")
    found = await known(db, "a@x.example", "b@x.example", "c@x.example")
    assert found == Known(frozenset({"a@x.example"}), frozenset({"a@x.example", "b@x.example"}))


async def test_correspondents_of_another_tenant_are_unknown(db: Database) -> None:
    await met(db, ACCOUNT, "a@x.example")
    assert await known(db, "a@x.example", tenant=TenantId("tn_b")) == Known(frozenset(), frozenset())
    assert await known(db) == Known(frozenset(), frozenset())


async def test_each_recipient_counts_and_each_message_once_in_its_thread(db: Database) -> None:
    await send(db, FIRST)
    await send(db, FIRST)
    found = await count(db, NEXT)
    assert (found.agent, found.replies) == (Counted(2, 2), Counted(1, 1))
    assert sorted(found.recipients.values(), key=repr) == [Counted(1, 1), Counted(1, 1)]
    assert list(found.domains.values()) == [Counted(2, 2)]


async def test_a_message_does_not_count_against_itself(db: Database) -> None:
    await send(db, FIRST)
    assert (await count(db, FIRST)).agent == Counted()


async def test_others_are_not_counted(db: Database) -> None:
    await send(db, FIRST)
    found = await count(db, replace(NEXT, recipients=(EVE,), thread=ThreadId("th_2")))
    assert (found.agent, list(found.recipients.values()), list(found.domains.values()), found.replies) == (
        Counted(2, 2),
        [Counted()],
        [Counted()],
        Counted(),
    )
    assert (await count(db, replace(NEXT, account=OTHER))).agent == Counted()
    assert (await count(db, NEXT, tenant=TenantId("tn_b"))).agent == Counted()


async def test_mail_that_answers_nothing_is_of_no_thread(db: Database) -> None:
    await send(db, replace(FIRST, thread=ThreadId("")))
    assert (await count(db, replace(NEXT, thread=ThreadId("")))).replies == Counted()


@pytest.mark.parametrize(
    ("after_s", "expected"), [(3599.9, (2, 2)), (3600, (0, 2)), (86399.9, (0, 2)), (86400, (0, 0))]
)
async def test_windows_slide(db: Database, after_s: float, expected: tuple[int, int]) -> None:
    await send(db, FIRST)
    found = await count(db, replace(NEXT, at=NOON + timedelta(seconds=after_s)))
    assert (found.agent.hour, found.agent.day) == expected


async def test_what_no_window_reaches_can_be_forgotten(db: Database) -> None:
    await send(db, FIRST)
    async with db.transaction(TENANT) as tx:
        await store.forget_sent(tx, NOON + timedelta(seconds=1))
    assert (await count(db, NEXT)).agent == Counted()


async def test_no_address_stands_in_the_tables(db: Database, owner_dsn: str) -> None:
    await send(db, FIRST)
    await met(db, ACCOUNT, BOSS.key)
    with psycopg.connect(owner_dsn) as connection:
        rows = connection.execute("select s::text, c::text from outgoing_message s, correspondent c").fetchall()
    assert rows
    assert not any("example" in text or "boss" in text for row in rows for text in row)
