import pytest

from gatepost.ids import AccountId
from gatepost.upkeep.retention import HoldError, Scope, holds, place_hold, release_hold, store
from outbound import BOSS, TENANT
from upkeep.retention.scene import Kept


async def test_a_hold_keeps_its_reason_and_its_person_and_shows_neither(kept: Kept, owner_dsn: str) -> None:
    hold = await place_hold(kept.keeper, TENANT, Scope(person=BOSS), reason=" Matter 7 ", actor="ky_owner")
    (found,) = await holds(kept.keeper, TENANT)
    assert found == hold
    assert (found.reason, found.scope.person, found.placed_by) == ("Matter 7", BOSS, "ky_owner")
    (leaf,) = await kept.leaves("hold.place")
    assert leaf["object_ref"] == hold.id
    assert set(leaf["c"]) == {"reason", "person"}
    assert "Matter" not in str(leaf)
    async with kept.keeper.own.transaction(TENANT) as tx:
        row = await tx.one("select * from legal_hold where tenant = %(tenant)s")
    assert b"Matter" not in bytes(row.sealed)
    del owner_dsn


async def test_a_released_hold_is_remembered(kept: Kept) -> None:
    hold = await place_hold(kept.keeper, TENANT, Scope(), reason="Matter 7", actor="operator")
    await release_hold(kept.keeper, TENANT, hold.id, actor="operator")
    assert await holds(kept.keeper, TENANT) == []
    (found,) = await holds(kept.keeper, TENANT, released=True)
    assert found.released_at == kept.scene.clock.now
    assert len(await kept.leaves("hold.release")) == 1
    with pytest.raises(LookupError):
        await release_hold(kept.keeper, TENANT, hold.id, actor="operator")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\nb", "\x1b[2J"])
async def test_a_hold_names_a_reason_that_can_be_shown(kept: Kept, reason: str) -> None:
    with pytest.raises(HoldError, match="reason"):
        await place_hold(kept.keeper, TENANT, Scope(), reason=reason, actor="operator")


async def test_a_hold_is_of_a_mailbox_that_is_there(kept: Kept) -> None:
    with pytest.raises(HoldError, match="no such mailbox"):
        await place_hold(kept.keeper, TENANT, Scope(account=AccountId(999)), reason="x", actor="operator")
    async with kept.keeper.own.transaction(TENANT) as tx:
        assert await store.holds(tx, released=True) == []
