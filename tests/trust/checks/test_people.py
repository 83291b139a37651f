"""How many people build the service, beside who holds rights."""

from dataclasses import replace

import pytest

from gatepost.trust import Outcome
from gatepost.trust.checks import people
from gatepost.trust.paper import CannotVerifyError
from trust.scene import Scene

BAND = {"least": "3", "most": "9", "roles": "engineer, engineering lead, operations lead, security lead"}


async def test_the_team_is_counted_by_role_and_the_accounts_where_they_are(scene: Scene) -> None:
    operator = scene.operator()
    found = await people.team_counted(await people.house_team(scene.world(operator), BAND))
    assert found.outcome is Outcome.ATTESTED
    assert isinstance(found.value, dict)
    accounts = found.value.pop("accounts_with_rights")
    assert isinstance(accounts, int)
    assert accounts > 3
    assert found.value == {"people": 4, "with_production": 2}
    few = replace(operator, members=operator.members[:2])
    found = await people.team_counted(await people.house_team(scene.world(few), BAND))
    assert (found.outcome, found.reason) == (Outcome.FAIL, "team.count")


async def test_a_claim_without_its_band_cannot_be_counted(scene: Scene) -> None:
    with pytest.raises(CannotVerifyError, match="arguments"):
        await people.house_team(scene.world(scene.operator()), {"least": "three"})
