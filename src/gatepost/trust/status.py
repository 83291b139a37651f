"""How the house is doing: what its probes saw last, what is said of incidents, and the history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import EntryId
from gatepost.journey import House
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Fact, Stated
from gatepost.trust import caught, incidents, status_store, store
from gatepost.trust.clocks import Kind
from gatepost.trust.fault import Fault
from gatepost.trust.held import UNPROVEN, Held
from gatepost.trust.incidents import ACTIVE, MAINTENANCE, OVER, Impact, Incident, State, Update
from gatepost.trust.logged import Logged
from gatepost.trust.uptime import DAYS, HOUR, Component, Day, Hour, Pace, Sample, days_of, hours_of

SLOW_MS = 5_000
FACTS_MAX = 5_000
WINDOW = timedelta(days=DAYS)
FURTHER_BUNDLES = 16
"""How much further back each reading reads in the log, until it has read the whole window."""
SETTLES = timedelta(minutes=10)
"""How long a whole hour may wait until it stands in the log."""


class Condition(StrEnum):
    """How one part is doing; Statuspage's words, good to bad."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"


_Days = Mapping[Component, Sequence[Day]]
_GRAVITY = list(Condition)
_SOOTHING = OVER | MAINTENANCE
_OF_IMPACT = {
    Impact.NONE: Condition.OPERATIONAL,
    Impact.MAINTENANCE: Condition.UNDER_MAINTENANCE,
    Impact.MINOR: Condition.DEGRADED_PERFORMANCE,
    Impact.MAJOR: Condition.PARTIAL_OUTAGE,
    Impact.CRITICAL: Condition.MAJOR_OUTAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the house as it is shown.

    Attributes:
        reason: why it is no better; empty where it is operational.
        days: the last ninety, oldest first, the hour under way included.
        stated: the same days of the whole hours alone, which are leaves of the trust log.
        latencies: of the last day, hour by hour.
    """

    component: Component
    condition: Condition
    reason: str
    last: Sample
    days: Sequence[Day]
    stated: Sequence[Day]
    latencies: Sequence[Hour]

    @property
    def first_day(self) -> date | None:
        """Return the first of these days on which it was probed; None where there is none."""
        return next((day.day for day in self.days if day.probes), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything the page shows. ``at``: when it was read; ``measured_at``: of the newest sample.

    ``last_hour``: the newest whole hour that is a leaf of the trust log.
    ``faults``: kinds of errors nobody expected that came within a day.
    """

    at: datetime
    measured_at: datetime | None
    parts: tuple[Part, ...]
    incidents: tuple[Incident, ...]
    faults: tuple[Fault, ...] = ()
    last_hour: datetime | None = None

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """Return incidents that are not over."""
        return tuple(each for each in self.incidents if not each.is_maintenance and not each.is_over)

    @property
    def maintenance(self) -> tuple[Incident, ...]:
        """Return what is or was planned."""
        return tuple(each for each in self.incidents if each.is_maintenance)

    @property
    def worst(self) -> Condition:
        """Return the worst condition of any part; an outage where nothing was ever measured."""
        return max((each.condition for each in self.parts), key=_GRAVITY.index, default=Condition.MAJOR_OUTAGE)


def condition_of(last: Sample, now: datetime, pace: Pace, said: Sequence[Incident] = ()) -> tuple[Condition, str]:
    """Return how a part is doing, and why it is no better: the worse of what was seen and of what was said.

    Planned maintenance is shown as such instead of an outage that it explains; an old sample is explained by nothing.
    An incident that the probes opened adds nothing to what they see.
    """
    if now - last.at > pace.silent_after:  # nobody can say that it is up
        return Condition.MAJOR_OUTAGE, "probe.silent"
    mine = [each for each in said if last.component in each.components]
    if any(each.is_maintenance and each.state in ACTIVE for each in mine):
        return Condition.UNDER_MAINTENANCE, "maintenance.active"
    if not last.is_up:
        seen, reason = Condition.MAJOR_OUTAGE, last.reason
    elif last.latency_ms > SLOW_MS:
        seen, reason = Condition.DEGRADED_PERFORMANCE, "answer.slow"
    else:
        seen, reason = Condition.OPERATIONAL, ""
    for each in mine:
        if not (each.is_maintenance or each.is_over or each.is_exercise or each.is_automatic):
            told = _OF_IMPACT[each.impact]
            if _GRAVITY.index(told) > _GRAVITY.index(seen):
                seen, reason = told, "incident.open"
    return seen, reason


async def read_status(house: House, pace: Pace, held: Held | None = None) -> Status:
    """Return how the house is doing.

    Args:
        house: whose page it is; its clock tells when it is read.
        pace: of the probes.
        held: what was held against the log before.
    """
    db, now, held = house.db, house.clock(), held or Held(house.blobs)
    since = now - WINDOW
    await held.logged.look()  # before the rows: each is there before its leaf
    await held.logged.back_until(since, most=FURTHER_BUNDLES)
    async with db.transaction(TRUST) as tx:
        newest = await status_store.newest(tx, now)
        hours = logged_hours(await status_store.hours(tx, since), held.logged, now)
        recent = hours_of(await status_store.samples(tx, max((each.hour for each in hours), default=since), now))
    hours = [each for each in hours if each.hour <= now]  # what is ahead was stated under a clock that was wrong
    stated = days_of(hours, now)
    last_hour = max((each.hour for each in hours), default=None)
    known = {(each.component, each.hour) for each in hours}
    hours += [each for each in recent if (each.component, each.hour) not in known]
    said = await read_incidents(house, since, held)
    days = days_of(hours, now)
    parts = tuple(_part(newest[each], hours, (days, stated), (now, pace), said) for each in Component if each in newest)
    measured_at = max((each.at for each in newest.values()), default=None)
    unexpected = caught.recent(await caught.read_faults(db), now)
    return Status(
        at=now,
        measured_at=measured_at,
        parts=parts,
        incidents=tuple(each for each in said if not each.is_exercise),
        faults=tuple(unexpected),
        last_hour=last_hour,
    )


def logged_hours(rows: Sequence[Hour], logged: Logged, now: datetime) -> list[Hour]:
    """Return whole hours as the log has them, in order: what no row has as well, and no row that it does not bear out.

    Of times that the log was not read back to, as the rows have them; what was just stated may wait for its place.
    """
    ends = max((hour for _, hour in logged.hours), default=None)
    found: dict[tuple[Component, datetime], Hour] = {}
    for each in rows:
        is_read = logged.since is not None and logged.since < each.hour + HOUR
        waits = (ends is None or each.hour > ends) and now - each.hour < HOUR + SETTLES
        if waits or not is_read:
            found[each.component, each.hour] = each
    found |= logged.hours
    return [found[key] for key in sorted(found, key=lambda key: (key[1], key[0]))]


def unreadable(last: Status, now: datetime) -> Status:
    """Return what to show where nothing can be read any more: all that was known, and every part out.

    No part of the house can do its work without the database that does not answer; a house that cannot tell how it is
    must not be shown as it was. Its incident has no leaf yet: what the probes saw is stated once the database is back.
    """
    out = [replace(each, condition=Condition.MAJOR_OUTAGE, reason="database.away") for each in last.parts]
    body = "The house cannot reach its database. Seen by the page itself; the public log says it once it can."
    first = Update(entry=0, state=State.INVESTIGATING, body=body, at=last.at, is_automatic=True)
    unstated = Incident(
        id="unstated",
        name="The database does not answer",
        kind=Kind.INCIDENT,
        impact=Impact.CRITICAL,
        components=tuple(each.component for each in out),
        updates=(first,),
        events={},
    )
    return replace(last, at=now, parts=tuple(out), incidents=(unstated, *last.incidents))


def _part(
    last: Sample,
    hours: Sequence[Hour],
    shown: tuple[_Days, _Days],
    when: tuple[datetime, Pace],
    said: Sequence[Incident],
) -> Part:
    (days, stated), (now, pace) = shown, when
    condition, reason = condition_of(last, now, pace, said)
    day_ago = now - timedelta(days=1)
    return Part(
        component=last.component,
        condition=condition,
        reason=reason,
        last=last,
        days=days.get(last.component, ()),
        stated=stated.get(last.component, ()),
        latencies=[each for each in hours if each.component is last.component and each.hour > day_ago],
    )


async def read_incidents(house: House, since: datetime, held: Held | None = None) -> list[Incident]:
    """Return the incidents of which something was said since then, newest first, as the log bears them out."""
    held = held or Held(house.blobs)
    await held.logged.look()
    async with house.db.transaction(TRUST) as tx:
        rows = await trust_log.stated(tx, await status_store.incidents(tx, incidents.SUBJECT, since, FACTS_MAX))
    lately = {each.object_ref for each in held.logged.words.values() if each.at >= since}
    return incidents.incidents_of(await _believed(house, held, rows, lately))


async def read_incident(house: House, identifier: str, held: Held | None = None) -> Incident | None:
    """Return one incident, however old, as the log bears it out; None where there is none."""
    held = held or Held(house.blobs)
    await held.logged.look()
    async with house.db.transaction(TRUST) as tx:
        entries = await store.history(tx, f"{incidents.SUBJECT}{identifier}", limit=FACTS_MAX)
        rows = await trust_log.stated(tx, sorted(entries))
    found = incidents.incidents_of(await _believed(house, held, rows, {identifier}))
    return next((each for each in found if each.id == identifier), None)


async def _believed(house: House, held: Held, rows: Sequence[Stated], wanted: Collection[str]) -> list[Stated]:
    """Return the words on incidents, oldest first: the log's own, and rows from before what was read of it.

    A word without proof, as while no heads are signed, may say that something is wrong, and not that nothing is.
    """
    faults = await held.faults(rows, house.clock())
    found: dict[EntryId, Stated] = {}
    for each in rows:
        fault = faults.get(each.entry)
        if fault is None or (fault == UNPROVEN and each.detail.get("status") not in _SOOTHING):
            found[each.entry] = each
    found |= {each.entry: each for each in held.logged.words.values() if each.object_ref in wanted}
    return [found[entry] for entry in sorted(found)]


async def say(db: Database, fact: Fact, *, entropy: Entropy) -> EntryId:
    """State one word about an incident."""
    async with db.transaction(TRUST) as tx:
        (entry,) = await trust_log.state(tx, [fact], entropy=entropy)
        subject = f"{incidents.SUBJECT}{fact.object_ref}"
        await store.add_fact(tx, entry, subject=subject, outcome=fact.action, at=fact.at)
    return entry
