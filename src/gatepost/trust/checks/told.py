"""Whether what was stated is also told: availability, incidents, objections, by the public trust log's own leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from gatepost.access.paper import Tenant
from gatepost.ids import TenantId
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST
from gatepost.trust import notice, objection, status, status_store, store
from gatepost.trust.leaf import instant
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.uptime import HOURS, Hour, days_of, share_of
from gatepost.trust.world import Endpoint, World

SETTLES_S = 60
"""How long a page may take to show what was stated."""
FACTS_MAX = 5_000
_FOUND = 200

Counts = Mapping[tuple[str, str], tuple[int, int]]
"""Of each hour and part: how many probes, and how many came back."""


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
        (str(fact.detail["hour"]), str(name)): (int(part["probes"]), int(part["up"]))
        for fact in facts
        for name, part in fact.detail["components"].items()
    }
    return Availability(tuple(shown), stated, now)


async def recomputed(target: Availability) -> Finding:
    """See that each part's share, as the page computes it, comes out the same from the leaves alone."""
    if not target.shown:
        raise CannotVerifyError("uptime.no_whole_hour")
    for each in target.shown:
        if target.stated.get((instant(each.hour), each.component.value)) != (each.probes, each.up):
            return failed("uptime.differs", {"part": each.component.value, "hour": instant(each.hour)})
    shares: dict[str, float] = {}
    for component, days in days_of(target.shown, target.today.date()).items():
        share = share_of(days)
        probes = sum(of for (_, name), (of, _) in target.stated.items() if name == component.value)
        up = sum(back for (_, name), (_, back) in target.stated.items() if name == component.value)
        if share is not None and probes and abs(share - up / probes) > 1e-9:  # noqa: PLR2004  # two ways of one division
            return failed("uptime.differs", component.value)
        shares[component.value] = round(share or 0.0, 5)
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
    found = await status.read_incidents(world.house.db, now - status.WINDOW)
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
class Entitled:
    """Who may object, by plan, as the house's own rule says."""

    may_object: Callable[[Tenant], bool]


async def entitled(_world: World, _arguments: Mapping[str, str]) -> Entitled:
    """Return the rule that stands before every objection."""
    return Entitled(objection.may_object)


async def objection_taken(target: Entitled) -> Finding:
    """See that the rule lets the plans object that were promised it, and no other."""
    plans = ("free", "developer", "team", "business", "enterprise")
    seen = {plan for plan in plans if target.may_object(Tenant(TenantId("tn_canary"), "canary", plan))}
    promised = {"business", "enterprise"}
    if seen != promised:
        return failed("objection.plans", sorted(seen))
    return passed(sorted(seen), "plans")


@dataclass(frozen=True, slots=True)
class Objections:
    """Of each objection when it was made, and when and how it ended; how long one may stay open."""

    made: Mapping[str, datetime]
    ended: Mapping[str, str]
    within: timedelta
    now: datetime


async def objections(world: World, _arguments: Mapping[str, str]) -> Objections:
    """Return every objection to a sub-processor that was ever stated."""
    made: dict[str, datetime] = {}
    ended: dict[str, str] = {}
    async with world.house.db.transaction(TRUST) as tx:
        for each in world.operator.suppliers:
            entries = await store.history(tx, notice.SUBJECT + each.id, limit=FACTS_MAX)
            for fact in await trust_log.stated(tx, sorted(entries)):
                if fact.action == notice.OBJECTED:
                    made[str(fact.detail["objection"])] = fact.at
                elif fact.action == notice.SETTLED:
                    ended[str(fact.detail["objection"])] = str(fact.detail["outcome"])
    return Objections(made, ended, notice.CLOCK, world.house.clock())


async def objections_settled(target: Objections) -> Finding:
    """See that no objection is open past the day from which the change would apply, and how each ended."""
    late = [name for name, at in target.made.items() if name not in target.ended and target.now - at > target.within]
    if late:
        return failed("objection.open", len(late), "objections")
    if not target.made:
        raise CannotVerifyError("objection.none")
    outcomes = sorted(set(target.ended.values()))
    unknown = [each for each in outcomes if each not in notice.OUTCOMES]
    return failed("objection.outcome", unknown) if unknown else passed({"of": len(target.made), "ended": outcomes})
