"""Who was mailed about what, on a real PostgreSQL."""

from datetime import timedelta

from decide.scene import ACCOUNT, NOON, TENANT
from gatepost.db import Database
from gatepost.deliver import asked_store
from gatepost.ids import AccountId, HoldId, PersonId, TenantId

ANN, BOB = PersonId("pe_ann"), PersonId("pe_bob")
HOUR = timedelta(hours=1)


async def test_one_mail_about_several_is_one_and_nobody_elses(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        holds = [HoldId("ho_1"), HoldId("ho_2")]
        await asked_store.add(tx, ACCOUNT, ANN, holds, at=NOON)
        await asked_store.add(tx, ACCOUNT, ANN, [HoldId("ho_2"), HoldId("ho_3")], at=NOON + HOUR)
    async with db.transaction(TENANT) as tx:
        assert await asked_store.mails(tx, ACCOUNT, ANN, since=NOON - HOUR) == [NOON + HOUR, NOON]
        assert await asked_store.mails(tx, ACCOUNT, ANN, since=NOON) == [NOON + HOUR]
        assert await asked_store.mails(tx, ACCOUNT, BOB, since=NOON - HOUR) == []
        assert await asked_store.mails(tx, AccountId(8), ANN, since=NOON - HOUR) == []
    async with db.transaction(TenantId("tn_b")) as tx:
        assert await asked_store.mails(tx, ACCOUNT, ANN, since=NOON - HOUR) == []
