from dataclasses import replace

import pytest

from gatepost.trust import Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.check import Control
from gatepost.trust.checks import drills
from gatepost.trust.controls import duty
from gatepost.trust.paper import CannotVerifyError
from trust.scene import Scene


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (duty.overlooked_letter, "affected.differs"),
        (duty.late_notice, "notice.late"),
        (duty.lost_notice, "notice.undelivered"),
    ],
)
async def test_each_control_fails_for_the_fault_it_has(
    bench: Bench, control: Control[drills.Exercise], reason: str
) -> None:
    async with control(bench) as target:
        found = await drills.exercised(target)
    assert (found.outcome, found.reason) == (Outcome.FAIL, reason)


async def test_a_letter_too_many_is_no_exact_extent(bench: Bench) -> None:
    async with duty.lost_notice(bench) as target:
        found = await drills.exercised(replace(target, affected=target.affected | {"strange"}))
    assert (found.reason, found.value) == ("affected.differs", {"missing": 0, "strange": 1, "planted": 1})


async def test_a_house_without_canaries_cannot_be_drilled(scene: Scene) -> None:
    with pytest.raises(CannotVerifyError):
        await drills.exercise(scene.world(scene.operator()), {})
