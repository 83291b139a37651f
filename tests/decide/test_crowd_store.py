"""What waits, on a real PostgreSQL: counted for each tenant and mailbox by itself, under tokens."""

import psycopg

from decide.scene import ACCOUNT, TENANT
from gatepost.db import Database
from gatepost.decide import crowd_store
from gatepost.decide.crowd import Whose
from gatepost.decide.paper import Waiting
from gatepost.ids import AccountId, EmailId, TenantId

ANN = Whose(ACCOUNT, "ann@shop.example", "shop.example")
BOB = Whose(ACCOUNT, "bob@shop.example", "shop.example")
NOBODY = Whose(ACCOUNT)


async def counted(db: Database, *asked: Whose, tenant: TenantId = TENANT) -> list[Waiting]:
    async with db.transaction(tenant) as tx:
        found = await crowd_store.count(tx, asked)
    return [found[one] for one in asked]


async def test_each_is_counted_with_its_fellows_and_a_second_time_changes_nothing(db: Database) -> None:
    names = ("em_1", ANN), ("em_2", BOB), ("em_3", NOBODY), ("em_3", NOBODY), ("em_4", Whose(AccountId(8)))
    async with db.transaction(TENANT) as tx:
        crowd_store.add(tx, [(EmailId(email), whose) for email, whose in names])
    assert await counted(db, ANN, NOBODY) == [Waiting(1, 2, 3), Waiting(0, 1, 3)]
    assert await counted(db, ANN, tenant=TenantId("tn_b")) == [Waiting()]
    async with db.transaction(TENANT) as tx:
        await crowd_store.remove(tx, [EmailId("em_1"), EmailId("em_3")])
    assert await counted(db, BOB) == [Waiting(1, 1, 1)]


async def test_no_address_stands_in_the_table(db: Database, owner_dsn: str) -> None:
    async with db.transaction(TENANT) as tx:
        crowd_store.add(tx, [(EmailId("em_1"), ANN)])
    with psycopg.connect(owner_dsn) as owner:
        rows = owner.execute("select * from waiting_message").fetchall()
    assert (len(rows), "shop" in str(rows)) == (1, False)
