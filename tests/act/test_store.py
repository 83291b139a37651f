from dataclasses import replace
from datetime import timedelta

from gatepost.act import store
from gatepost.act.paper import Delivery, Endpoint, State, Webhook
from gatepost.db import Database
from gatepost.ids import AccountId, TenantId, WebhookId
from outbound import ACCOUNT, KEPT, NOW, TENANT

FIRST = Webhook(WebhookId("wh_a"), ACCOUNT, "https://agent.example/a", NOW)
SECOND = Webhook(WebhookId("wh_b"), ACCOUNT, "https://agent.example/b", NOW + timedelta(seconds=1))
OTHER = AccountId(8)


async def test_endpoints_come_back_oldest_first(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.insert_webhook(tx, Endpoint(SECOND, b"x"))
        await store.insert_webhook(tx, Endpoint(FIRST, b"y"))
        assert await store.webhooks(tx, ACCOUNT) == [FIRST, SECOND]
        assert await store.webhooks(tx, OTHER) == []
        assert await store.endpoint(tx, FIRST.id) == Endpoint(FIRST, b"y")


async def test_only_its_own_account_and_tenant_may_remove_one(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.insert_webhook(tx, Endpoint(FIRST, b"x"))
        assert not await store.delete_webhook(tx, OTHER, FIRST.id)
    async with db.transaction(TenantId("tn_two")) as tx:
        assert not await store.delete_webhook(tx, ACCOUNT, FIRST.id)
        assert await store.endpoint(tx, FIRST.id) is None
    async with db.transaction(TENANT) as tx:
        assert await store.delete_webhook(tx, ACCOUNT, FIRST.id)
        assert not await store.delete_webhook(tx, ACCOUNT, FIRST.id)


async def test_each_endpoint_is_promised_each_email_once(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.insert_webhook(tx, Endpoint(FIRST, b"x"))
        await store.insert_webhook(tx, Endpoint(SECOND, b"x"))
        await store.insert_webhook(tx, Endpoint(replace(FIRST, id=WebhookId("wh_c"), account=OTHER), b"x"))
        assert set(await store.promise_deliveries(tx, KEPT.id, ACCOUNT, NOW)) == {FIRST.id, SECOND.id}
        assert await store.promise_deliveries(tx, KEPT.id, ACCOUNT, NOW) == []


async def test_what_was_settled_stays_settled(db: Database) -> None:
    waiting = Delivery(email=KEPT.id, webhook=FIRST.id, state=State.WAITING, attempts=0)
    done = replace(waiting, state=State.DELIVERED, attempts=1)
    async with db.transaction(TENANT) as tx:
        await store.insert_webhook(tx, Endpoint(FIRST, b"x"))
        await store.promise_deliveries(tx, KEPT.id, ACCOUNT, NOW)
        assert await store.delivery(tx, KEPT.id, FIRST.id) == waiting
        assert await store.settle_delivery(tx, done, status_code=200, reason="receiver.accepted", settled_at=NOW)
        assert not await store.settle_delivery(
            tx, replace(done, state=State.DEAD), status_code=0, reason="", settled_at=NOW
        )
        assert await store.delivery(tx, KEPT.id, FIRST.id) == done
        assert await store.delivery(tx, KEPT.id, SECOND.id) is None
