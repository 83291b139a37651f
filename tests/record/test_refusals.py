import asyncio
from datetime import timedelta

import pytest

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.record.refusals import count_refusal, settle_all, settle_refusals
from record.papers import NOON, TENANT, counting

HOUR = timedelta(hours=1)


async def leaves(db: Database) -> list[dict[str, object]]:
    async with db.transaction(TENANT) as tx:
        found = await tx.all("select convert_from(leaf, 'UTF8')::jsonb as leaf from entry order by id")
    return [row.leaf["detail"] for row in found]


async def test_an_hour_of_refusals_becomes_one_entry(db: Database) -> None:
    for at in (NOON, NOON + HOUR / 2, NOON + HOUR):
        await count_refusal(db, TENANT, "recipient.unknown", at)
    await count_refusal(db, TENANT, "message.too_big", NOON, count=3)
    assert await settle_all(db, NOON + 2 * HOUR + HOUR / 2, entropy=counting()) == 2
    assert await leaves(db) == [
        {"hour": "2026-11-20T12:00:00.000000Z", "counts": {"recipient.unknown": 2, "message.too_big": 3}},
        {"hour": "2026-11-20T13:00:00.000000Z", "counts": {"recipient.unknown": 1}},
    ]
    assert await settle_all(db, NOON + 3 * HOUR, entropy=counting()) == 0


async def test_an_hour_is_settled_only_once_it_is_over(db: Database) -> None:
    await count_refusal(db, TENANT, "recipient.unknown", NOON)
    assert await settle_all(db, NOON + HOUR + timedelta(minutes=1), entropy=counting()) == 0
    assert await settle_all(db, NOON + HOUR + timedelta(minutes=2), entropy=counting()) == 1


async def test_a_settlement_that_fails_loses_no_count(db: Database) -> None:
    await count_refusal(db, TENANT, "recipient.unknown", NOON)

    async def is_killed() -> None:
        async with db.transaction(TENANT) as tx:
            await settle_refusals(tx, NOON + HOUR, entropy=counting())
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        await is_killed()
    assert await leaves(db) == []
    assert await settle_all(db, NOON + 2 * HOUR, entropy=counting()) == 1


async def test_two_settlers_at_once_count_nothing_twice(db: Database) -> None:
    for _ in range(5):
        await count_refusal(db, TENANT, "recipient.unknown", NOON)
    made = await asyncio.gather(*(settle_all(db, NOON + 2 * HOUR, entropy=counting(seed)) for seed in (1, 1000)))
    assert sum(made) == 1
    assert [leaf["counts"] for leaf in await leaves(db)] == [{"recipient.unknown": 5}]


async def test_each_tenant_has_its_own_count_and_nobodys_mail_has_none(db: Database) -> None:
    await count_refusal(db, TENANT, "recipient.unknown", NOON)
    await count_refusal(db, TenantId("tn_b"), "recipient.unknown", NOON)
    await count_refusal(db, None, "relay.denied", NOON)
    assert await settle_all(db, NOON + 2 * HOUR, entropy=counting()) == 2
    assert len(await leaves(db)) == 1
