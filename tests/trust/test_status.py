from datetime import timedelta

import psycopg
import pytest
from structlog.typing import EventDict

from gatepost.ids import EntryId
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST
from gatepost.trust import incidents, leaf, probes, status, status_store
from gatepost.trust.incidents import Impact, State
from gatepost.trust.status import Condition
from gatepost.trust.uptime import MEASURED, Component, Pace, Sample
from outbound import NOW
from trust.scene import Scene

PACE = Pace()


def sample(*, is_up: bool = True, age_s: float = 0, latency_ms: int = 20, reason: str = "") -> Sample:
    at = NOW - timedelta(seconds=age_s)
    return Sample(component=Component.SMTP, at=at, is_up=is_up, latency_ms=latency_ms, reason=reason)


@pytest.mark.parametrize(
    ("seen", "condition", "reason"),
    [
        (sample(), Condition.OPERATIONAL, ""),
        (sample(is_up=False, reason="door.unreachable"), Condition.MAJOR_OUTAGE, "door.unreachable"),
        (sample(latency_ms=6_000), Condition.DEGRADED_PERFORMANCE, "answer.slow"),
        (sample(age_s=109), Condition.OPERATIONAL, ""),
        (sample(age_s=111), Condition.MAJOR_OUTAGE, "probe.silent"),
    ],
)
def test_a_part_is_as_its_newest_probe_saw_it_and_silence_is_an_outage(
    seen: Sample, condition: Condition, reason: str
) -> None:
    assert status.condition_of(seen, NOW, PACE) == (condition, reason)


async def open_one(scene: Scene, **changes: object) -> str:
    identifier = incidents.new_id(scene.house.entropy)
    given: dict[str, object] = {
        "name": "Mail is late",
        "state": State.INVESTIGATING,
        "impact": Impact.MAJOR,
        "body": "We are looking.",
        "at": scene.clock(),
        "components": [Component.SMTP],
    }
    fact = incidents.opened(identifier, **{**given, **changes})  # type: ignore[arg-type]  # as each test wants it
    await status.say(scene.house.db, fact, entropy=scene.house.entropy)
    return identifier


async def test_what_is_said_of_a_part_counts_where_it_is_worse_than_what_is_seen(scene: Scene) -> None:
    await probes.keep(scene.house, [sample()], PACE)
    identifier = await open_one(scene)
    found = await status.read_status(scene.house, PACE)
    assert (found.worst, found.parts[0].reason) == (Condition.PARTIAL_OUTAGE, "incident.open")
    assert [each.id for each in found.open_incidents] == [identifier]
    one = await status.read_incident(scene.house, identifier)
    assert one is not None
    over = incidents.updated(one, state=State.RESOLVED, body="Over.", at=scene.clock())
    await status.say(scene.house.db, over, entropy=scene.house.entropy)
    found = await status.read_status(scene.house, PACE)
    assert (found.worst, found.open_incidents) == (Condition.OPERATIONAL, ())


async def test_an_exercise_is_in_the_log_and_not_on_the_page(scene: Scene) -> None:
    await probes.keep(scene.house, [sample()], PACE)
    identifier = await open_one(scene, is_exercise=True)
    found = await status.read_status(scene.house, PACE)
    assert (found.worst, found.incidents) == (Condition.OPERATIONAL, ())
    assert await status.read_incident(scene.house, identifier) is not None


async def test_a_house_that_measures_nothing_is_not_green(scene: Scene) -> None:
    found = await status.read_status(scene.house, PACE)
    assert (found.worst, found.measured_at) == (Condition.MAJOR_OUTAGE, None)
    assert await status.read_incident(scene.house, "in_none") is None


async def test_a_change_is_stated_when_it_is_seen_and_an_hour_when_it_is_over(
    scene: Scene, said: list[EventDict]
) -> None:
    for minute in range(61):
        seen = Sample(component=Component.SMTP, at=scene.clock(), is_up=minute not in {7, 8}, latency_ms=5)
        await probes.keep(scene.house, [seen], PACE)
        scene.clock.move(timedelta(minutes=1))
    facts = await stated(scene)
    assert [fact.detail["up"] for fact in facts if fact.action == probes.CHANGED] == [True, False, True]
    assert [line["is_up"] for line in said if line["event"] == probes.CHANGED] == [False, True]  # the first is no news
    (hour,) = [fact for fact in facts if fact.action == MEASURED]
    assert hour.detail["components"]["smtp"] == {"probes": 60, "up": 58, "p50_ms": 5, "p95_ms": 5}
    found = await status.read_status(scene.house, PACE)
    assert sum(day.probes for day in found.parts[0].days) == 61
    async with scene.house.db.transaction(TRUST) as tx:
        assert await status_store.last_hour(tx, scene.clock()) == NOW


async def test_what_was_measured_under_a_clock_ahead_hides_no_outage_and_stops_no_hour(scene: Scene) -> None:
    begun = scene.clock.now
    for now in (begun + timedelta(days=31), begun):
        scene.clock.now = now
        for _ in range(62):
            seen = Sample(component=Component.SMTP, at=scene.clock(), is_up=now > begun, latency_ms=5)
            await probes.keep(scene.house, [seen], PACE)
            scene.clock.move(timedelta(minutes=1))
    found = await status.read_status(scene.house, PACE)
    assert (found.worst, found.parts[0].condition, found.last_hour) == (
        Condition.MAJOR_OUTAGE,
        Condition.MAJOR_OUTAGE,
        begun,
    )
    assert [fact.detail["hour"] for fact in await stated(scene) if fact.action == MEASURED][-1] == leaf.instant(begun)
    scene.clock.now = begun + timedelta(days=31)  # that time comes indeed, with hours that were stated before
    for _ in range(62):
        seen = Sample(component=Component.SMTP, at=scene.clock(), is_up=True, latency_ms=5)
        await probes.keep(scene.house, [seen], PACE)
        scene.clock.move(timedelta(minutes=1))


async def stated(scene: Scene) -> list[trust_log.Stated]:
    async with scene.house.db.transaction(TRUST) as tx:
        rows = await tx.all("select entry from trust_fact where tenant = %(tenant)s order by entry")
        return await trust_log.stated(tx, [EntryId(row.entry) for row in rows])


async def test_incidents_are_shown_as_the_log_has_them_whatever_the_rows_say(scene: Scene, owner_dsn: str) -> None:
    await probes.keep(scene.house, [sample()], PACE)
    gone = await open_one(scene)
    await open_one(scene, name="Much is late")
    await scene.publish()
    before = await status.read_incidents(scene.house, NOW - status.WINDOW)
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        assert owner.execute("delete from trust_fact where subject = %s", [incidents.SUBJECT + gone]).rowcount == 1
        lie = "update entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'Much', 'Little'), 'UTF8')"
        owner.execute(f"{lie} where tenant = 'trust'")
    assert await status.read_incidents(scene.house, NOW - status.WINDOW) == before
    assert (await status.read_status(scene.house, PACE)).worst is Condition.PARTIAL_OUTAGE
    found = await status.read_incident(scene.house, gone)
    assert found is not None
    assert [each.name for each in before] == ["Much is late", found.name]


async def test_a_word_that_the_log_does_not_hold_is_not_shown_even_where_it_was_not_read_to(
    scene: Scene, owner_dsn: str
) -> None:
    identifier = await open_one(scene)
    other = incidents.opened("in_other", name="x", state=State.RESOLVED, impact=Impact.NONE, body="x", at=scene.clock())
    async with scene.house.db.transaction(TRUST) as tx:
        await trust_log.state(tx, [other] * 257, entropy=scene.house.entropy)
    await scene.publish()
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        lie = "update entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'late', 'fine'), 'UTF8')"
        owner.execute(f"{lie} where tenant = 'trust' and position(%s in convert_from(leaf, 'UTF8')) > 0", [identifier])
    assert await status.read_incident(scene.house, identifier) is None


async def test_while_no_heads_are_signed_a_word_may_alarm_and_not_soothe(scene: Scene) -> None:
    await probes.keep(scene.house, [sample()], PACE)
    identifier = await open_one(scene)
    one = await status.read_incident(scene.house, identifier)
    assert one is not None
    over = incidents.updated(one, state=State.RESOLVED, body="Over.", at=scene.clock())
    await status.say(scene.house.db, over, entropy=scene.house.entropy)
    scene.clock.move(timedelta(hours=1))
    assert len((await status.read_status(scene.house, PACE)).open_incidents) == 1
    await scene.publish()
    assert (await status.read_status(scene.house, PACE)).open_incidents == ()


async def hours_of_a_day(scene: Scene) -> None:
    for probe in range(4 * 6 + 1):
        seen = Sample(component=Component.SMTP, at=scene.clock(), is_up=probe % 6 > 0, latency_ms=5)
        await probes.keep(scene.house, [seen], Pace(every_s=600))
        scene.clock.move(timedelta(minutes=10))
    await scene.publish()
    scene.clock.move(timedelta(minutes=20))


@pytest.mark.parametrize(
    "lie",
    [
        "delete from status_hour where hour = (select min(hour) + interval '1 hour' from status_hour)",
        "update status_hour set up = probes where tenant = 'trust'",
        "insert into status_hour select tenant, component, hour + interval '6 h', 9, 9, 1, 1, 7, 9 from status_hour",
    ],
)
async def test_whole_hours_are_shown_as_the_log_has_them(scene: Scene, owner_dsn: str, lie: str) -> None:
    await hours_of_a_day(scene)
    before = await status.read_status(scene.house, PACE)
    assert sum(day.up for day in before.parts[0].stated) == 4 * 5
    assert sum(day.unprobed for day in before.parts[0].stated) == 0
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        assert owner.execute(lie).rowcount > 0
    scene.clock.move(timedelta(hours=12))
    after = await status.read_status(scene.house, PACE)
    assert sum(day.up for day in after.parts[0].stated) == 4 * 5
    assert sum(day.probes for day in after.parts[0].stated) == 4 * 6
