"""Whether what was stated is also told: availability, incidents, terms, by the public trust log's own leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST
from gatepost.trust import clocks, log_time, status, status_store, store, terms
from gatepost.trust.clocks import Kind
from gatepost.trust.incidents import Incident
from gatepost.trust.leaf import instant
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.uptime import HOURS, Hour, days_of, share_of
from gatepost.trust.world import Endpoint, World

SETTLES_S = 60
"""How long a page may take to show what was stated."""
FACTS_MAX = 5_000
YEAR = timedelta(days=365)
_FOUND = 200

Counts = Mapping[tuple[str, str], tuple[int, int, int]]
"""Of each hour and part: how many probes, how many came back, and the cadence by which more were due, in seconds."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Hours as the page's figures are made of them, and as the leaves state them."""

    shown: tuple[Hour, ...]
    stated: Counts
    today: datetime


async def availability(world: World, _arguments: Mapping[str, str]) -> Availability:
    """Return the hours of the last ninety days."""
    now = world.house.clock()
    async with world.house.db.transaction(TRUST) as tx:
        shown = await status_store.hours(tx, now - status.WINDOW)
        facts = await trust_log.stated(tx, await store.history(tx, HOURS, limit=FACTS_MAX))
    stated = {
        (str(fact.detail["hour"]), str(name)): (int(part["probes"]), int(part["up"]), int(fact.detail["every_s"]))
        for fact in facts
        for name, part in fact.detail["components"].items()
    }
    return Availability(tuple(shown), stated, now)


async def recomputed(target: Availability) -> Finding:
    """See that each part's share, as the page computes it, comes out the same from the leaves alone."""
    if not target.shown:
        raise CannotVerifyError("uptime.no_whole_hour")
    for each in target.shown:
        if target.stated.get((instant(each.hour), each.component.value)) != (each.probes, each.up, each.every_s):
            return failed("uptime.differs", {"part": each.component.value, "hour": instant(each.hour)})
    shown = {(instant(each.hour), each.component.value) for each in target.shown}
    first = instant(target.today - status.WINDOW)
    if hidden := sorted(key for key in target.stated if key[0] >= first and key not in shown):
        return failed("uptime.differs", {"part": hidden[0][1], "hour": hidden[0][0]})
    days = days_of(target.shown, target.today)
    shares = {component.value: round(share_of(each) or 0.0, 5) for component, each in days.items()}
    return passed({**shares}, "share of probes")


@dataclass(frozen=True, slots=True)
class Told:
    """Incidents that were stated, and the door that shows them."""

    incidents: tuple[str, ...]
    prober: Prober
    endpoint: Endpoint


async def incidents(world: World, _arguments: Mapping[str, str]) -> Told:
    """Return this house's public incidents, and its door."""
    door = next((each for each in world.endpoints if each.door == "http"), None)
    if door is None:
        raise CannotVerifyError("door.none")
    now = world.house.clock()
    found = await status.read_incidents(world.house, now - status.WINDOW)
    settled = now - timedelta(seconds=SETTLES_S)
    names = tuple(each.id for each in found if not each.is_exercise and each.opened_at < settled)
    return Told(names, Prober(world.house.egress, world.house.entropy), door)


async def told(target: Told) -> Finding:
    """See that each stated incident stands in the page's JSON and in its feed."""
    feed = await _fetch(target, "/status/history.atom")
    listed: set[str] = set()
    for path, key in (("incidents", "incidents"), ("scheduled-maintenances", "scheduled_maintenances")):
        try:
            rows = orjson.loads(await _fetch(target, f"/api/v2/{path}.json"))[key]
            listed |= {str(row["id"]) for row in rows}
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return failed("incidents.unreadable", path)
    silent = [each for each in target.incidents if each not in listed or each.encode() not in feed]
    if silent:
        return failed("incident.untold", [*silent[:6]])
    if not target.incidents:
        raise CannotVerifyError("incident.none")
    return passed({"told": len(target.incidents), "by": ["page", "feed"]}, "incidents")


async def _fetch(target: Told, path: str) -> bytes:
    where = target.endpoint
    try:
        got = await target.prober.fetch(where.host, where.port, path, tls=where.tls == "implicit")
    except ProbeError as error:
        raise CannotVerifyError("door.unreachable") from error
    if got.status != _FOUND:
        raise CannotVerifyError("page.unanswered")
    return got.body


@dataclass(frozen=True, slots=True)
class Breaches:
    """Breaches of personal data, exercises among them, and now."""

    incidents: tuple[Incident, ...]
    now: datetime


async def breaches(world: World, _arguments: Mapping[str, str]) -> Breaches:
    """Return this house's, of a year."""
    now = world.house.clock()
    found = await status.read_incidents(world.house, now - YEAR)
    return Breaches(tuple(each for each in found if each.kind is Kind.BREACH), now)


async def noticed_in_time(target: Breaches) -> Finding:
    """See that of each breach notice was given in time, or still has time, and that of some exercise it was.

    Who calls an incident a breach is aware of one, marked or not. An exercise that broke off shows nothing.
    """
    real = [_notice(each) for each in target.incidents if not each.is_exercise]
    exercises = [_notice(each) for each in target.incidents if each.is_exercise]
    late = sum(each.state(target.now) in {"missed", "met late"} for each in real)
    if late:
        return failed("notice.late", {"late": late, "of": len(real)}, "breaches")
    took = [each.met_at - each.started_at for each in (*real, *exercises) if each.met_at and each.started_at]
    if not took:
        raise CannotVerifyError("notice.none")
    longest = round(max(took) / timedelta(hours=1), 2)
    return passed({"breaches": len(real), "exercises": len(exercises), "longest_hours": longest})


def _notice(incident: Incident) -> clocks.Deadline:
    """Return the clock of the notice to those concerned."""
    events = {clocks.AWARE: incident.opened_at, **incident.events}
    return next(each for each in clocks.deadlines(incident.kind, events) if each.rule.id == clocks.NOTICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a text's version, by its leaf. ``material``: as its announcement said."""

    action: str
    document: str
    sha256: str
    material: bool
    at: datetime


async def courses(world: World, _arguments: Mapping[str, str]) -> tuple[Step, ...]:
    """Return every step of every text that was ever put to customers, oldest first."""
    found: list[Step] = []
    async with world.house.db.transaction(TRUST) as tx:
        for subject in await store.subjects(tx, terms.SUBJECT):
            materials: dict[str, bool] = {}
            for fact in await trust_log.stated(tx, sorted(await store.history(tx, subject, limit=FACTS_MAX))):
                sha256 = str(fact.detail.get("sha256", ""))
                if fact.action == terms.ANNOUNCED:
                    materials[sha256] = bool(fact.detail["material"])
                step = Step(
                    action=fact.action,
                    document=fact.object_ref,
                    sha256=sha256,
                    material=materials.get(sha256, True),
                    at=fact.at,
                )
                found.append(step)
    return tuple(found)


async def bound_after_notice(target: tuple[Step, ...]) -> Finding:
    """See that no version came into force before everybody was told of it, thirty days before where it is material."""
    applied = [each for each in target if each.action == terms.IN_FORCE]
    for each in applied:
        told_at = [
            one.at
            for one in target
            if (one.action, one.document, one.sha256) == (terms.NOTICED, each.document, each.sha256)
            and one.at <= each.at
        ]
        if not told_at:
            return failed("terms.untold", {each.document: each.sha256[:16]})
        if each.material and each.at - min(told_at) < log_time.CLOCK:
            return failed("terms.early", {each.document: (each.at - min(told_at)).days}, "days")
    if not applied:
        raise CannotVerifyError("terms.none_in_force")
    return passed({"versions": len(applied)}, "in force after notice")
