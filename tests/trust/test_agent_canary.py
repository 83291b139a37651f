"""The canary's switch: on for a moment, both flips recorded, and left alone where somebody had it on."""

from gatepost.act import hosted
from gatepost.ids import TenantId
from gatepost.trust import agent_canary
from trust.posting import OWN, Posting


async def is_on(post: Posting, tenant: TenantId) -> bool:
    async with post.house.db.transaction(tenant) as tx:
        return await hosted.is_hosting(tx)


async def flips(post: Posting) -> list[str]:
    async with post.house.db.transaction(OWN) as tx:
        rows = await tx.all("select action from consequence where tenant = %(tenant)s order by entry")
    return [row.action for row in rows if row.action.startswith("hosting.")]


async def test_it_is_on_for_a_moment_and_both_flips_are_entries(post: Posting) -> None:
    async with agent_canary.switched_on(post.house, OWN):
        assert await is_on(post, OWN)
    assert not await is_on(post, OWN)
    assert await flips(post) == ["hosting.on", "hosting.off"]


async def test_what_somebody_switched_on_stays_on_to_be_found(post: Posting) -> None:
    async with post.house.db.transaction(OWN) as tx:
        await hosted.switch(tx, is_on=True, at=post.clock(), actor="operator", entropy=post.house.entropy)
    async with agent_canary.switched_on(post.house, OWN):
        pass
    assert await is_on(post, OWN)
    assert await flips(post) == ["hosting.on"]
