from collections import deque
from datetime import timedelta

import pytest

from gatepost.upkeep import siem
from gatepost.upkeep.siem import BEHIND_S, Standing
from record.papers import TENANT
from upkeep.siem.receivers import ElasticDouble, SplunkDouble
from upkeep.siem.scene import Scene
from upkeep.siem.test_engine import REFUSAL, Listen


async def standing(scene: Scene) -> Standing:
    [found] = await siem.standings(scene.db, scene.clock())
    return found


async def test_how_far_a_destination_is_shows_with_the_age_of_what_waits(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble(faults=deque([(503, {"code": 9})]))
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url)
    found = await standing(scene)
    assert (found.tenant, found.id, found.kind, found.lag, found.lag_s) == (TENANT, identifier, "splunk", 0, 0.0)
    size = await scene.grow(3)
    scene.clock.now += timedelta(seconds=BEHIND_S)
    await scene.export()
    found = await standing(scene)
    assert (found.state, found.reason, found.lag) == ("failing", "splunk.9", size)
    assert found.lag_s == pytest.approx(BEHIND_S, abs=60)
    await scene.later()
    found = await standing(scene)
    assert (found.state, found.lag, found.lag_s, found.letters) == ("running", 0, 0.0, 0)


async def test_what_it_refused_and_that_it_stopped_shows(scene: Scene, listen: Listen) -> None:
    double = ElasticDouble(items={1: [REFUSAL]})
    listen(double)
    await scene.add(siem.Kind.ELASTIC, double.url, credential="id:secret")
    await scene.grow(2)
    await scene.export()
    found = await standing(scene)
    assert (found.state, found.letters, found.lag) == ("running", 1, 0)
    double.faults = deque([(401, {})])
    await scene.grow(1)
    await scene.later()
    found = await standing(scene)
    assert (found.state, found.is_stopped, found.reason, found.lag) == ("stopped", True, "elastic.http_401", 1)
