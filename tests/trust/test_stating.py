from datetime import timedelta

from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import stating
from outbound import NOW
from trust.scene import Scene


def fact(name: str, number: int) -> Fact:
    return Fact(action="thing.done", at=NOW + timedelta(hours=number), object_ref=name, detail={"number": number})


async def test_a_subjects_facts_come_back_in_order_and_whole_if_one_is_recent(scene: Scene) -> None:
    for number, name in enumerate(["a", "b", "a"]):
        await stating.state(scene.house.db, "@thing/", fact(name, number), entropy=scene.house.entropy)
    await stating.state(scene.house.db, "@other/", fact("a", 9), entropy=scene.house.entropy)
    since = await stating.facts(scene.house.db, "@thing/", NOW + timedelta(hours=2))
    assert [each.detail["number"] for each in since] == [0, 2]
    async with scene.house.db.transaction(TRUST) as tx:
        assert [each.detail["number"] for each in await stating.facts_of(tx, "@thing/b")] == [1]
