import psycopg

from gatepost.app import administer
from gatepost.ids import KeyId
from gatepost.workbench import change, standing_store
from gatepost.workbench.change import Wish
from workbench import test_again
from workbench.test_again import POLICY, Scene

scene = test_again.scene


async def test_tables_and_log_say_the_same_of_what_was_put_in_force_and_revoked(scene: Scene, owner_dsn: str) -> None:
    async with scene.house.db.transaction(scene.tenant) as tx:
        await change.put(tx, scene.house, Wish(account=scene.account, document=POLICY, actor=KeyId("ky_1")))
    await administer.revoke_policy(scene.house, scene.tenant, scene.account, 1)
    async with scene.house.db.still(scene.tenant) as tx:
        rows = await standing_store.versions(tx)
        (revoked,) = await standing_store.revocations(tx)
        said = [*await standing_store.said(tx)]
    assert [(row.account, row.version) for row in rows] == [(scene.account, 1), (scene.account, 2)]
    assert (revoked.account, revoked.version) == (scene.account, 1)
    assert [each.leaf["action"] for each in said] == ["policy.set", "policy.set", "policy.revoke"]
    assert [each.digest for each in said] == [*(row.signed.version.digest for row in rows if row.signed), None]
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update policy set sealed = 'x' where version = 2")
    async with scene.house.db.transaction(scene.tenant) as tx:
        assert [row.signed is None for row in await standing_store.versions(tx)] == [False, True]
