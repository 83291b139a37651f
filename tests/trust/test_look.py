from datetime import timedelta

from gatepost.record.trust_log import TRUST
from gatepost.trust import Outcome, look
from trust.scene import Scene, claiming_only


async def test_a_look_is_answered_by_the_engine_once_all_it_saw_is_stated(scene: Scene) -> None:
    scene.folder = claiming_only(scene.folder.parent / "few", "A26", "A62")
    engine = scene.engine()
    assert len(await engine.round()) == 2
    scene.clock.move(timedelta(seconds=1))
    assert await engine.round() == []
    name = await look.ask(scene.house)
    assert not await look.is_answered(scene.house.db, name)
    assert len(await engine.round()) == 2
    assert await look.is_answered(scene.house.db, name)
    assert await engine.round() == []
    scene.clock.move(timedelta(days=2))
    await look.answer(scene.house, [])
    assert not await look.is_answered(scene.house.db, name)  # it is forgotten


async def test_a_glance_states_nothing(scene: Scene) -> None:
    scene.folder = claiming_only(scene.folder.parent / "few", "A26")
    operator, (result,) = await scene.engine().glance()
    assert [each.id for each in operator.claims] == ["A26"]
    assert result.finding.outcome is Outcome.ATTESTED
    async with scene.house.db.transaction(TRUST) as tx:
        assert (await tx.one("select count(*) as count from entry where tenant = %(tenant)s")).count == 0
