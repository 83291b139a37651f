"""What the checks of what was told say of a house as it should be, and of one that a hair is wrong with."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.record.trust_log import TRUST
from gatepost.trust import Outcome, agreeing, probes, status_store, terms
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
    slower = tuple(replace(each, every_s=600) if each == hour else each for each in target.shown)
    hidden = tuple(each for each in target.shown if each != hour)
    for hours in (shown, slower, hidden):
        better = told.Availability(hours, target.stated, target.today)
        assert (await told.recomputed(better)).reason == "uptime.differs"


async def test_a_house_without_a_door_for_pages_cannot_be_looked_at(scene: Scene) -> None:
    with pytest.raises(CannotVerifyError, match=r"door\.none"):
        await told.incidents(scene.world(scene.operator()), {})


async def test_terms_bind_after_notice_and_not_before(scene: Scene) -> None:
    assert await told.courses(scene.world(scene.operator()), {}) == ()
    with pytest.raises(CannotVerifyError, match=r"none_in_force"):
        await told.bound_after_notice(())

    def course(days: int, *, material: bool) -> tuple[told.Step, ...]:
        told_at = NOW - timedelta(days=days)
        return (
            told.Step(action=terms.NOTICED, document="terms", sha256="1" * 64, material=material, at=told_at),
            told.Step(action=terms.IN_FORCE, document="terms", sha256="1" * 64, material=material, at=NOW),
        )

    assert (await told.bound_after_notice(course(30, material=True))).outcome is Outcome.PASS
    assert (await told.bound_after_notice(course(29, material=True))).reason == "terms.early"
    assert (await told.bound_after_notice(course(0, material=False))).outcome is Outcome.PASS
    later = course(-1, material=False)
    assert (await told.bound_after_notice(later)).reason == "terms.untold"
    other = (replace(later[0], sha256="2" * 64, at=NOW - timedelta(days=90)), later[1])
    assert (await told.bound_after_notice(other)).reason == "terms.untold"


async def test_the_steps_are_read_from_the_leaves(scene: Scene) -> None:
    change = agreeing.change_of(scene.operator(), "terms")
    assert change is not None
    await agreeing.announce(scene.house, change)
    steps = await told.courses(scene.world(scene.operator()), {})
    assert [(each.action, each.sha256, each.material) for each in steps] == [
        (terms.ANNOUNCED, change.sha256, change.material),
        (terms.NOTICED, change.sha256, change.material),
    ]
