"""What the checks of what was told say of a house as it should be, and of one that a hair is wrong with."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.access.paper import Tenant
from gatepost.ids import TenantId
from gatepost.record.trust_log import TRUST
from gatepost.trust import Outcome, objection, probes, status_store
from gatepost.trust.checks import told
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.uptime import Component, Sample
from outbound import NOW
from trust.scene import Scene


async def sampled(scene: Scene) -> None:
    """Let two parts be probed through an hour, and the hour be over."""
    for minute in range(60):
        at = NOW + timedelta(minutes=minute)
        scene.clock.now = at
        for component in (Component.SMTP, Component.REST):
            is_up = component is Component.REST or minute % 6 != 0
            sample = Sample(
                component=component, at=at, is_up=is_up, latency_ms=9, reason="" if is_up else "answer.late"
            )
            await probes.keep(scene.house, [sample], every_s=60)
    scene.clock.now = NOW + timedelta(hours=1, minutes=1)
    await probes.keep(scene.house, [], every_s=60)


async def test_the_shares_come_out_the_same_from_the_leaves_alone(scene: Scene) -> None:
    world = scene.world(scene.operator())
    with pytest.raises(CannotVerifyError, match="no_whole_hour"):
        await told.recomputed(await told.availability(world, {}))
    await sampled(scene)
    found = await told.recomputed(await told.availability(world, {}))
    assert (found.outcome, found.value) == (Outcome.PASS, {"rest": 1.0, "smtp": round(50 / 60, 5)})


async def test_a_figure_that_was_made_better_is_found_out(scene: Scene) -> None:
    await sampled(scene)
    async with scene.house.db.transaction(TRUST) as tx:
        (hour, *_) = [each for each in await status_store.hours(tx, NOW) if each.component is Component.SMTP]
    target = await told.availability(scene.world(scene.operator()), {})
    shown = tuple(replace(each, up=each.probes) if each == hour else each for each in target.shown)
    better = told.Availability(shown, target.stated, target.today)
    assert (await told.recomputed(better)).reason == "uptime.differs"


async def test_the_plans_that_may_object_are_those_promised() -> None:
    found = await told.objection_taken(told.Entitled(objection.may_object))
    assert found.outcome is Outcome.PASS
    nobody = await told.objection_taken(told.Entitled(lambda _: False))
    assert nobody.outcome is Outcome.FAIL
    assert objection.may_object(Tenant(TenantId("tn_one"), "One", "business"))


async def test_an_objection_is_settled_or_has_time() -> None:
    day = timedelta(days=1)
    target = told.Objections({"ob_one": NOW - 40 * day, "ob_two": NOW - day}, {"ob_one": "exclusion"}, 30 * day, NOW)
    assert (await told.objections_settled(target)).outcome is Outcome.PASS
    late = told.Objections(target.made, {"ob_two": "exit"}, 30 * day, NOW)
    assert (await told.objections_settled(late)).reason == "objection.open"
    odd = told.Objections(target.made, {"ob_one": "forgotten", "ob_two": "exit"}, 30 * day, NOW)
    assert (await told.objections_settled(odd)).reason == "objection.outcome"


async def test_objections_are_read_from_the_leaves_and_none_is_not_green(scene: Scene) -> None:
    target = await told.objections(scene.world(scene.operator()), {})
    assert target.made == {}
    with pytest.raises(CannotVerifyError, match=r"objection\.none"):
        await told.objections_settled(target)
    with pytest.raises(CannotVerifyError, match=r"door\.none"):
        await told.incidents(scene.world(scene.operator()), {})
