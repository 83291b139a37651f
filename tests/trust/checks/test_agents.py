"""What the check of hosted agents cannot look at; the run and its control: ``tests/app/test_trusting.py``."""

import pytest

from gatepost.trust import Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.checks import agents
from gatepost.trust.paper import CannotVerifyError
from trust.scene import Scene


async def test_a_house_without_the_canaries_mailbox_is_not_green(scene: Scene) -> None:
    with pytest.raises(CannotVerifyError, match=r"canary\.missing"):
        await agents.house_agent(scene.world(scene.operator()), {})


async def test_a_control_without_a_house_is_not_believed(bench: Bench) -> None:
    found = await CATALOGUE["agents.off"].of_control(bench)
    assert (found.outcome, found.reason) == (Outcome.COULD_NOT_VERIFY, "canary.missing")
