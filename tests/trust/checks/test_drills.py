from datetime import timedelta

import pytest

from gatepost.trust import Outcome
from gatepost.trust.checks import drills
from gatepost.trust.paper import CannotVerifyError
from outbound import NOW
from trust.scene import Scene

TWO = frozenset({"one", "two"})


@pytest.mark.parametrize(
    ("affected", "hours", "outcome"),
    [
        (TWO, 24, Outcome.PASS),
        (TWO, 25, Outcome.FAIL),
        (frozenset({"one"}), 1, Outcome.FAIL),
        (TWO | {"three"}, 1, Outcome.FAIL),
    ],
)
async def test_the_affected_set_is_the_planted_one_and_notice_is_in_time(
    affected: frozenset[str], hours: int, outcome: Outcome
) -> None:
    target = drills.Exercise(TWO, affected, NOW, NOW + timedelta(hours=hours))
    assert (await drills.exercised(target)).outcome is outcome


async def test_a_house_without_canaries_cannot_be_drilled(scene: Scene) -> None:
    with pytest.raises(CannotVerifyError):
        await drills.exercise(scene.world(scene.operator()), {})
