from datetime import timedelta

from gatepost.act import store as hooks
from gatepost.act.paper import Delivery, State
from gatepost.deliver import store
from gatepost.ids import SubmissionId
from gatepost.upkeep.retention import sweep_leftovers
from outbound import TENANT
from upkeep.retention.scene import Kept


async def test_what_was_settled_long_ago_goes_and_what_waits_stays(kept: Kept) -> None:
    await kept.scene.listen("http://127.0.0.1:9/hook")
    settled, waiting = await kept.scene.boss_asks(), await kept.scene.boss_asks()
    async with kept.house.db.transaction(TENANT) as tx:
        (hook,) = await hooks.promise_deliveries(tx, settled, kept.scene.account, kept.scene.clock.now)
        await hooks.promise_deliveries(tx, waiting, kept.scene.account, kept.scene.clock.now)
        told = Delivery(email=settled, webhook=hook, state=State.DELIVERED, attempts=1)
        await hooks.settle_delivery(tx, told, status_code=200, reason="", settled_at=kept.scene.clock.now)
        for name, age in (("old", 3), ("new", 1)):
            at = kept.scene.clock.now + timedelta(days=40 - age)
            identity = SubmissionId(f"su_{name}")
            await store.claim(tx, kept.scene.account, name, identity, at=at, held_for=timedelta(hours=24))
    assert await sweep_leftovers(kept.keeper) == 0
    kept.later(days=40)
    assert await sweep_leftovers(kept.keeper) == 2
    async with kept.house.db.transaction(TENANT) as tx:
        assert await hooks.delivery(tx, settled, hook) is None
        assert await hooks.delivery(tx, waiting, hook) is not None
        since = kept.scene.clock.now - timedelta(days=30)
        assert await store.holder(tx, kept.scene.account, "new", since=since) == "su_new"
        assert await store.holder(tx, kept.scene.account, "old", since=since) is None
