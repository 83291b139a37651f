from gatepost.upkeep.retention import Scope, place_hold, show
from gatepost.upkeep.retention import keeper as room
from outbound import TENANT
from upkeep.retention.scene import Kept


async def test_what_holds_is_shown(kept: Kept) -> None:
    await kept.scene.boss_asks()
    hold = await place_hold(kept.keeper, TENANT, Scope(), reason="Matter 7", actor="operator")
    shown = await show(kept.keeper, await kept.tenant())
    assert (shown.plan, shown.plan_days) == ("team", 365)
    assert shown.mailboxes == {kept.scene.account: 30}
    assert [each.id for each in shown.holds] == [hold.id]
    assert shown.months == ["2026-11"]


async def test_only_the_octets_of_the_named_emails_are_taken_away(kept: Kept) -> None:
    assert isinstance(kept.keeper, room.Keeper)
    large = [await kept.scene.boss_asks(text="large\r\n" * 20_000) for _ in range(2)]
    small = await kept.scene.boss_asks()
    async with kept.keeper.own.transaction(TENANT) as tx:
        await kept.keeper.remove_large_bodies(tx, [large[0], small])
    later = kept.scene.clock.now.replace(year=2999)
    left = [path async for page in kept.house.blobs.names("bodies", later) for path in page]
    assert [path.rpartition("/")[2] for path in left] == [large[1]]
