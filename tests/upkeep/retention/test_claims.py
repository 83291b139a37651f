from datetime import timedelta

from gatepost.deliver import store
from gatepost.ids import SubmissionId
from gatepost.upkeep.retention import sweep_claims
from outbound import TENANT
from upkeep.retention.scene import Kept


async def test_a_claim_that_holds_no_more_goes_and_a_younger_one_stays(kept: Kept) -> None:
    now = kept.scene.clock.now
    async with kept.house.db.transaction(TENANT) as tx:
        for name, age in (("old", 3), ("new", 1)):
            identity, at = SubmissionId(f"su_{name}"), now - timedelta(days=age)
            await store.claim(tx, kept.scene.account, name, identity, at=at, held_for=timedelta(hours=24))
    assert await sweep_claims(kept.keeper) == 1
    async with kept.house.db.transaction(TENANT) as tx:
        since = now - timedelta(days=30)
        assert await store.holder(tx, kept.scene.account, "new", since=since) == "su_new"
        assert await store.holder(tx, kept.scene.account, "old", since=since) is None
