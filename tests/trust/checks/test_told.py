"""What the checks of what was told say of a house as it should be, and of one that a hair is wrong with."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.record.trust_log import TRUST
from gatepost.trust import Outcome, agreeing, clocks, incidents, probes, status, status_store, terms
from gatepost.trust.checks import told
from gatepost.trust.clocks import Kind
from gatepost.trust.incidents import Impact, Incident, State
from gatepost.trust.paper import CannotVerifyError, Finding
from gatepost.trust.uptime import Component, Pace, Sample
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
            await probes.keep(scene.house, [sample], Pace())
    scene.clock.now = NOW + timedelta(hours=1, minutes=1)
    await probes.keep(scene.house, [], Pace())


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


async def spoken_of(scene: Scene, *, kind: Kind = Kind.BREACH, is_exercise: bool = False) -> Incident:
    """Return an incident as it was opened just now."""
    name = incidents.new_id(scene.house.entropy)
    words = {"name": "Words", "state": State.INVESTIGATING, "impact": Impact.MAJOR, "body": "Somebody read them."}
    fact = incidents.opened(name, at=scene.clock(), kind=kind, is_exercise=is_exercise, **words)  # type: ignore[arg-type]
    await status.say(scene.house.db, fact, entropy=scene.house.entropy)
    return await read(scene, name)


async def read(scene: Scene, name: str) -> Incident:
    found = await status.read_incident(scene.house, name)
    assert found is not None
    return found


async def mark(scene: Scene, name: str, event: str) -> None:
    fact = incidents.marked(await read(scene, name), event, at=scene.clock())
    await status.say(scene.house.db, fact, entropy=scene.house.entropy)


async def noticed(scene: Scene) -> Finding:
    return await told.noticed_in_time(await told.breaches(scene.world(scene.operator()), {}))


async def test_a_breach_left_open_without_notice_turns_after_a_day_whether_awareness_was_marked_or_not(
    scene: Scene,
) -> None:
    await spoken_of(scene, kind=Kind.INCIDENT)  # no breach: nobody has to be told within a day
    with pytest.raises(CannotVerifyError, match=r"notice\.none"):
        await noticed(scene)
    exercise = await spoken_of(scene, is_exercise=True)
    await mark(scene, exercise.id, clocks.AWARE)
    await mark(scene, exercise.id, clocks.NOTICE)
    assert (await noticed(scene)).value == {"breaches": 0, "exercises": 1, "longest_hours": 0.0}
    await spoken_of(scene, is_exercise=True)  # one that broke off
    breach = await spoken_of(scene)
    scene.clock.now += timedelta(hours=23)
    assert (await noticed(scene)).outcome is Outcome.PASS
    scene.clock.now += timedelta(hours=2)
    assert (await noticed(scene)).value == {"late": 1, "of": 1}
    await mark(scene, breach.id, clocks.NOTICE)
    assert (await noticed(scene)).reason == "notice.late"  # and it stays late
