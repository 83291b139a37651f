"""Outages open and close incidents by themselves on a real database; the clock is moved by hand."""

from datetime import timedelta

import pytest
import structlog

from gatepost.app.workers import WorkerLostError
from gatepost.meters import Raised
from gatepost.trust import causes, incidents, outages, probes, status
from gatepost.trust.alerts import Cause, Kind
from gatepost.trust.caught import Book
from gatepost.trust.clocks import AWARE
from gatepost.trust.incidents import Impact, Incident, State
from gatepost.trust.leaf import instant
from gatepost.trust.status import Condition
from gatepost.trust.uptime import Component, Pace, Sample
from trust.scene import Scene

MAIL, API = Component.SMTP, Component.REST


async def probed(scene: Scene, *down: Component, rounds: int = 1) -> None:
    """Probe two parts once a minute."""
    for _ in range(rounds):
        at = scene.clock()
        seen = [
            Sample(component=part, at=at, is_up=part not in down, latency_ms=5, reason="answer.late" * (part in down))
            for part in (MAIL, API)
        ]
        await probes.keep(scene.house, seen, Pace())
        scene.clock.move(timedelta(minutes=1))


async def said(scene: Scene) -> list[Incident]:
    return await status.read_incidents(scene.house, scene.clock() - status.WINDOW)


async def speak(scene: Scene, incident: Incident, state: State) -> None:
    fact = incidents.updated(incident, state=state, body="A person looks at it.", at=scene.clock())
    await status.say(scene.house.db, fact, entropy=scene.house.entropy)


async def test_what_is_seen_out_opens_one_incident_that_recovery_closes(scene: Scene) -> None:
    await probed(scene)
    assert await said(scene) == []
    await probed(scene, MAIL, rounds=3)
    (one,) = await said(scene)
    assert (one.name, one.state, one.impact) == ("Mail in: outage", State.INVESTIGATING, Impact.CRITICAL)
    assert (one.is_automatic, one.components, len(one.updates)) == (True, (MAIL,), 1)
    assert "Mail in: it did not answer in time" in one.updates[0].body
    assert one.deadlines() == []  # nobody is aware of anything yet
    await probed(scene, rounds=outages.UP_AGAIN - 1)
    assert not (await said(scene))[0].is_over
    await probed(scene)
    (one,) = await said(scene)
    assert (one.state, one.is_automatic) == (State.RESOLVED, True)
    await probed(scene, rounds=2)
    await scene.publish()  # or an old word that soothes would not be believed
    assert len((await said(scene))[0].updates) == 2


async def test_one_that_comes_back_for_a_moment_stays_open(scene: Scene) -> None:
    await probed(scene, MAIL)
    for _ in range(3):
        await probed(scene, rounds=outages.UP_AGAIN - 1)
        await probed(scene, MAIL)
    (one,) = await said(scene)
    assert not one.is_over


async def test_parts_that_go_down_together_are_one_incident_and_a_later_one_is_another(scene: Scene) -> None:
    await probed(scene, MAIL, API)
    assert [each.name for each in await said(scene)] == ["Mail in, API: outage"]
    await probed(scene, rounds=outages.UP_AGAIN)
    await probed(scene, MAIL)
    await probed(scene, MAIL, API)
    assert [each.name for each in await said(scene)] == ["API: outage", "Mail in: outage", "Mail in, API: outage"]


@pytest.mark.parametrize("is_marked", [True, False])
async def test_from_a_person_s_first_word_on_the_probes_leave_it_alone(scene: Scene, *, is_marked: bool) -> None:
    await probed(scene, MAIL)
    (one,) = await said(scene)
    if is_marked:
        await status.say(scene.house.db, incidents.marked(one, AWARE, at=scene.clock()), entropy=scene.house.entropy)
    else:
        await speak(scene, one, State.IDENTIFIED)
    await probed(scene, rounds=2 * outages.UP_AGAIN)
    (one,) = await said(scene)
    assert (one.is_over, one.is_automatic) == (False, False)
    await speak(scene, one, State.RESOLVED)
    await probed(scene, MAIL)
    assert len(await said(scene)) == 2  # it is out again: that is another


async def test_what_a_person_has_told_of_or_planned_opens_nothing(scene: Scene) -> None:
    now = scene.clock()
    window = (now, now + timedelta(hours=1))
    told = {"name": "x", "body": "x", "at": now, "impact": Impact.MAJOR}
    for fact in (
        incidents.opened("in_told", **told, state=State.INVESTIGATING, components=[MAIL]),  # type: ignore[arg-type]  # as above
        incidents.opened("in_work", **told, state=State.IN_PROGRESS, components=[API], window=window),  # type: ignore[arg-type]  # as above
    ):
        await status.say(scene.house.db, fact, entropy=scene.house.entropy)
    await probed(scene, MAIL, API, rounds=2)
    assert {each.id for each in await said(scene)} == {"in_told", "in_work"}


async def test_maintenance_that_is_only_planned_and_an_exercise_excuse_nothing(scene: Scene) -> None:
    now = scene.clock()
    window = (now, now + timedelta(hours=1))
    told = {"name": "x", "body": "x", "at": now, "impact": Impact.MAJOR, "components": [MAIL]}
    for fact in (
        incidents.opened("in_drill", **told, state=State.INVESTIGATING, is_exercise=True),  # type: ignore[arg-type]  # as above
        incidents.opened("in_plan", **told, state=State.SCHEDULED, window=window),  # type: ignore[arg-type]  # as above
    ):
        await status.say(scene.house.db, fact, entropy=scene.house.entropy)
    await probed(scene, MAIL)
    assert len(await said(scene)) == 3


async def test_an_outage_that_is_over_when_the_database_is_back_was_one(scene: Scene) -> None:
    at = scene.clock()
    late = [
        Sample(component=MAIL, at=at + timedelta(minutes=minute), is_up=minute == 4, latency_ms=5, reason="")
        for minute in range(5)
    ]
    scene.clock.move(timedelta(minutes=4, seconds=1))
    await probes.keep(scene.house, late, Pace())
    await probed(scene, rounds=outages.UP_AGAIN)
    (one,) = await said(scene)
    assert one.state is State.RESOLVED


async def test_a_part_that_works_again_is_not_shown_out_while_its_incident_waits_to_close(scene: Scene) -> None:
    await probed(scene, MAIL)
    await probed(scene)
    found = await status.read_status(scene.house, Pace())
    assert (found.worst, len(found.open_incidents)) == (Condition.OPERATIONAL, 1)


async def test_a_page_without_its_database_shows_an_incident_that_no_leaf_says_yet(scene: Scene) -> None:
    await probed(scene)
    last = await status.read_status(scene.house, Pace())
    found = status.unreadable(last, scene.clock())
    assert [each.id for each in found.open_incidents] == ["unstated"]
    assert set(found.open_incidents[0].components) == {MAIL, API}
    assert found.open_incidents[0].opened_at == last.at


async def test_a_house_that_was_off_says_from_when_to_when_and_the_probes_close_it(scene: Scene) -> None:
    await probed(scene)
    begun = scene.clock() - timedelta(minutes=1)
    scene.clock.move(timedelta(minutes=13))
    await probed(scene)
    (one,) = await said(scene)
    assert (one.name, one.components) == ("Mail in, API: not probed for a while", (MAIL, API))
    assert (one.impact, one.is_automatic, one.is_over) == (Impact.CRITICAL, True, False)
    assert f"{instant(begun)} to {instant(begun + timedelta(minutes=14))}." in one.updates[0].body
    assert list(causes.of_incidents([one], scene.clock())) == [Cause(Kind.INCIDENT, one.id)]  # somebody is called
    found = await status.read_status(scene.house, Pace())
    assert (found.worst, len(found.open_incidents)) == (Condition.OPERATIONAL, 1)
    await probed(scene, rounds=outages.UP_AGAIN)
    (one,) = await said(scene)
    assert one.is_over


async def test_what_is_out_after_a_gap_is_one_incident_with_it(scene: Scene) -> None:
    await probed(scene)
    scene.clock.move(timedelta(days=3))
    await probed(scene, MAIL)
    (one,) = await said(scene)
    assert "Mail in: it did not answer in time" in one.updates[0].body
    assert "Nothing was probed" in one.updates[0].body
    assert one.components == (MAIL, API)


async def test_a_restart_between_two_rounds_and_a_first_start_are_no_gap(scene: Scene) -> None:
    scene.clock.move(timedelta(hours=1))
    await probed(scene)
    scene.clock.move(Pace().silent_after - timedelta(minutes=1))
    await probed(scene)
    assert await said(scene) == []


async def test_a_house_that_is_off_for_its_maintenance_has_said_so_before(scene: Scene) -> None:
    await probed(scene)
    now = scene.clock()
    work = incidents.opened(
        "in_work",
        name="x",
        state=State.IN_PROGRESS,
        impact=Impact.MAINTENANCE,
        body="x",
        at=now,
        components=[MAIL, API],
        window=(now, now + timedelta(hours=1)),
    )
    await status.say(scene.house.db, work, entropy=scene.house.entropy)
    scene.clock.move(timedelta(minutes=30))
    await probed(scene)
    await scene.publish()  # or an old word that soothes would not be believed
    assert [each.id for each in await said(scene)] == ["in_work"]


async def test_rounds_that_the_database_missed_leave_no_gap(scene: Scene) -> None:
    await probed(scene)
    begun = scene.clock()
    late = [
        Sample(component=MAIL, at=begun + timedelta(minutes=minute), is_up=True, latency_ms=5) for minute in range(20)
    ]
    scene.clock.move(timedelta(minutes=20))
    await probes.keep(scene.house, late, Pace())
    assert await said(scene) == []


async def lose(scene: Scene, event: str, ago: timedelta = timedelta(seconds=20)) -> None:
    """Note a lost process as its supervisor does."""
    book = Book(lambda: scene.clock() - ago)
    structlog.wrap_logger(structlog.PrintLogger(), processors=[book, structlog.processors.KeyValueRenderer()]).error(
        event, error=Raised.by(WorkerLostError())
    )
    await book.write(scene.house.db)


@pytest.mark.parametrize("event", [event for event, part in outages.LOST.items() if part is MAIL])
async def test_one_process_of_several_that_is_lost_is_told_once_though_every_trip_came_back(
    scene: Scene, event: str
) -> None:
    await probed(scene)
    await lose(scene, event)
    await probed(scene)
    (one,) = await said(scene)
    assert (one.name, one.impact, one.components) == ("Mail in: a process was lost", Impact.MINOR, (MAIL,))
    await probed(scene, rounds=outages.UP_AGAIN)
    (one,) = await said(scene)
    assert one.is_over
    await probed(scene, rounds=2)
    assert len(await said(scene)) == 1
    await lose(scene, event)
    await probed(scene)
    assert len(await said(scene)) == 2


@pytest.mark.parametrize("event", ["agents.process_hangs", "agents.process_died"])
async def test_a_lost_process_of_hosted_agents_is_told_until_none_was_lost_for_a_while(
    scene: Scene, event: str
) -> None:
    """No round trip goes through it, so no trip ends it."""
    await probed(scene)
    for _ in range(2):  # it keeps being lost: one incident all the same
        await lose(scene, event)
        await probed(scene, rounds=outages.UP_AGAIN - 1)
    (one,) = await said(scene)
    assert (one.name, one.impact, one.components) == ("Hosted agents: a process was lost", Impact.MINOR, ())
    assert not one.is_over
    await probed(scene, rounds=outages.UP_AGAIN)
    (one,) = await said(scene)
    assert one.is_over
    await lose(scene, event)
    await probed(scene)
    assert len(await said(scene)) == 2


async def test_what_was_lost_long_ago_and_other_errors_open_nothing(scene: Scene) -> None:
    await probed(scene)
    await lose(scene, next(iter(outages.LOST)), timedelta(minutes=5))
    await lose(scene, "export.broke")
    await probed(scene)
    assert await said(scene) == []


async def test_maintenance_that_nobody_began_ends_with_its_window(scene: Scene) -> None:
    now = scene.clock()
    told = {
        "name": "x",
        "body": "x",
        "at": now,
        "impact": Impact.MAINTENANCE,
        "window": (now, now + timedelta(hours=1)),
    }
    for identifier, state in (("in_plan", State.SCHEDULED), ("in_work", State.IN_PROGRESS)):
        fact = incidents.opened(identifier, **told, state=state)  # type: ignore[arg-type]  # as above
        await status.say(scene.house.db, fact, entropy=scene.house.entropy)
    await probed(scene)
    assert {each.state for each in await said(scene)} == {State.SCHEDULED, State.IN_PROGRESS}
    scene.clock.move(timedelta(hours=1))
    await probed(scene, rounds=2)
    await scene.publish()
    states = {each.id: each for each in await said(scene)}
    assert states["in_work"].state is State.IN_PROGRESS  # somebody works at it, and says when it is over
    assert states["in_plan"].state is State.COMPLETED
    assert len(states["in_plan"].updates) == 2
