import json

import pytest

from gatepost import decide
from gatepost.decide import TENANT_WIDE
from gatepost.ids import AccountId, KeyId
from gatepost.workbench import change
from gatepost.workbench.change import Wish
from workbench import test_again
from workbench.test_again import POLICY, Scene

scene = test_again.scene
KEY = KeyId("ky_1")


@pytest.mark.parametrize("is_wide", [False, True])
async def test_another_policy_and_its_entry_commit_together(scene: Scene, *, is_wide: bool) -> None:
    account = TENANT_WIDE if is_wide else scene.account
    async with scene.house.db.transaction(scene.tenant) as tx:
        wish = Wish(account=account, document={**POLICY, "defaultAction": "drop"}, actor=KEY, why="quieter")
        stored = await change.put(tx, scene.house, wish)
        row = await tx.one("select leaf from entry where tenant = %(tenant)s order by id desc limit 1")
    leaf = json.loads(row.leaf)
    assert (leaf["action"], leaf["actor_ref"], leaf["account"]) == ("policy.set", KEY, None if is_wide else account)
    assert leaf["detail"] == {"policy_version": stored.version}
    assert list(leaf["c"]) == ["policy_digest"]
    assert stored.digest.encode() not in bytes(row.leaf)  # a short policy can be guessed, with the addresses in it


async def test_the_way_back_is_a_wish_for_the_earlier_document(scene: Scene) -> None:
    async with scene.house.db.transaction(scene.tenant) as tx:
        wish = await change.wish_back(tx, scene.account, 1, actor=KEY)
        assert (wish.document, wish.why) == (POLICY, "back to version 1")
        with pytest.raises(LookupError):
            await change.wish_back(tx, AccountId(scene.account + 1), 1, actor=KEY)


async def test_what_is_no_policy_leaves_nothing(scene: Scene) -> None:
    async with scene.house.db.transaction(scene.tenant) as tx:
        with pytest.raises(decide.PolicyError):
            await change.put(tx, scene.house, Wish(account=scene.account, document={}, actor=KEY))
        assert len(await decide.policy_history(tx, scene.account)) == 1
