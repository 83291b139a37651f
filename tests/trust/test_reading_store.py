from dataclasses import replace

from gatepost.ids import TenantId
from gatepost.record.trust_log import TRUST
from gatepost.trust import reading_store
from gatepost.trust.reading import begun
from outbound import NOW
from trust.scene import Scene


async def test_how_far_a_log_was_read_is_kept_by_log(scene: Scene) -> None:
    log, other = TenantId("tn_one"), TenantId("tn_two")
    one = replace(begun(NOW), next_bundle=7, bundles=(3, 5), heads=(512,))
    async with scene.house.db.transaction(TRUST) as tx:
        assert await reading_store.read(tx, log) is None
        await reading_store.keep(tx, log, begun(NOW))
        await reading_store.keep(tx, log, one)
        await reading_store.keep(tx, other, replace(one, whole_at=NOW))
        assert await reading_store.read(tx, log) == one
        found = await reading_store.read(tx, other)
    assert found is not None
    assert found.whole_at == NOW
