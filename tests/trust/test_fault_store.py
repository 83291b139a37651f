from dataclasses import replace
from datetime import timedelta

from gatepost.record.trust_log import TRUST
from gatepost.trust import fault_store
from gatepost.trust.fault import fault_of
from outbound import NOW
from trust.scene import Scene


async def test_a_kind_is_one_row_and_a_new_one_needs_room(scene: Scene) -> None:
    one = fault_of(ValueError(), "a", NOW)
    later = replace(one, count=2, last_at=NOW + timedelta(hours=1))
    async with scene.house.db.transaction(TRUST) as tx:
        await fault_store.add(tx, [one, later, fault_of(ValueError(), "b", NOW)], 1)
        assert await fault_store.read(tx, 9) == [replace(later, count=3)]
        assert await fault_store.forget(tx, NOW) == 0
        assert not await fault_store.remove(tx, "0" * 16)
