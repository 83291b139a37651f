from datetime import timedelta

import pytest

from gatepost.trust import Outcome, intake
from gatepost.trust.cases import Ending, Sort
from gatepost.trust.checks import cases
from gatepost.trust.paper import CannotVerifyError
from trust.scene import Scene


async def test_times_are_shown_and_one_nobody_saw_in_time_fails(scene: Scene) -> None:
    world = scene.world(scene.operator())

    async def looked() -> tuple[Outcome, object]:
        found = await cases.acknowledged(await cases.register(world, {}))
        return found.outcome, found.value

    with pytest.raises(CannotVerifyError, match=r"nothing\.to_look_at"):
        await looked()
    first = await intake.take_form(scene.house, Sort.SECURITY, "one", "")
    with pytest.raises(CannotVerifyError, match=r"report\.waits"):
        await looked()
    scene.clock.move(timedelta(hours=3))
    await intake.acknowledge(scene.house, first, by="member 4")
    second = await intake.take_form(scene.house, Sort.ABUSE, "two", "")
    assert await looked() == (Outcome.PASS, {"median": 3.0, "worst": 3.0, "waiting": 1})
    scene.clock.move(timedelta(hours=24, seconds=1))
    assert await looked() == (Outcome.FAIL, {"late": 1, "of": 2})
    await intake.close(scene.house, second, ending=Ending.SPAM, by="member 4")
    assert (await looked())[0] is Outcome.FAIL  # closing it late does not make it early
