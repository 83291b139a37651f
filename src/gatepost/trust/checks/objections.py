"""Objections to sub-processors: who may, what one stops, how it ends; by a walk of our own, and by the leaves."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gatepost.access.paper import Tenant
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Stated
from gatepost.trust import log_time, notice, objection, store
from gatepost.trust.engagement import FACTS_MAX, NotYetError
from gatepost.trust.log_time import HOUR, LogTime, Tick
from gatepost.trust.notice import Case
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.registers import Supplier
from gatepost.trust.world import World

Knock = Callable[[Tenant], Awaitable[str]]
Fold = Callable[[Sequence[Stated]], Case]
Obstacle = Callable[[Case, Supplier, LogTime], str]

PLANS = ("free", "developer", "team", "business", "enterprise")
PROMISED = ("business", "enterprise")
"""Whom the published sentence names."""
_REFERENCE = "ob_synthetic"

SYNTHETIC = Supplier(
    id="synthetic-of-the-check",
    name="Nobody",
    purpose="to be objected to",
    data="none",
    region="GB",
    processes=True,
    owner="nobody",
    announced_on=date(2026, 1, 1),
    engaged_on=date(2026, 2, 1),
)
"""Nobody is ever told of it, and it is engaged nowhere."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What an objection goes through: the door, the fold of the leaves, and what stops an engagement.

    Attributes:
        knock: files an objection to a supplier nobody announced; returns the reason with which it is refused.
        fold: makes a case of its leaves.
        obstacle: says what keeps a supplier from being engaged; empty for nothing.
        now: the day of the walk.
    """

    knock: Knock
    fold: Fold
    obstacle: Obstacle
    now: datetime


async def machine(world: World, _arguments: Mapping[str, str]) -> Machine:
    """Return the machine that every objection of this house goes through."""

    async def knock(tenant: Tenant) -> str:
        try:
            return await objection.raise_(world.house, tenant, SYNTHETIC.id)
        except NotYetError as error:
            return error.reason

    return Machine(knock, notice.case_of, notice.obstacle, world.house.clock())


async def walked(target: Machine) -> Finding:
    """Walk objections through: who may not is refused, who may opens a case that stops the engagement until it ends.

    Nor does anybody get in on day 29, or under a clock that was set ahead. The leaves of the walk are stated nowhere:
    nobody is told of a supplier that is none.
    """
    refused = [plan for plan in PLANS if await target.knock(_customer(plan)) == "objection.plan"]
    if set(refused) != set(PLANS) - set(PROMISED):
        return failed("objection.plans", [*refused])
    if fault := _fault(target):
        return fault
    return passed({"may": [*PROMISED], "refused": refused, "ends_by": sorted(notice.OUTCOMES)}, "plans")


def _fault(target: Machine) -> Finding | None:
    """Return what is wrong with a case's way from the announcement to its end; None where nothing is."""
    told_all = [_leaf(target, notice.ANNOUNCED, 0), _leaf(target, notice.NOTICED, 0)]
    objected = [*told_all, _leaf(target, notice.OBJECTED, 1, objection=_REFERENCE)]
    if early := _engages(target, told_all, 29):
        return failed("notice.ignored", early)
    if not _stopped_by(target, told_all, 31, hours=1):
        return failed("notice.jumped")
    if target.fold(objected).objections != {_REFERENCE}:
        return failed("objection.lost")
    if _stopped_by(target, objected, 31) != "objection.open":
        return failed("objection.ignored")
    return _unended(target, objected)


def _unended(target: Machine, objected: Sequence[Stated]) -> Finding | None:
    for outcome in sorted(notice.OUTCOMES):
        ended = [*objected, _leaf(target, notice.SETTLED, 2, objection=_REFERENCE, outcome=outcome)]
        if found := _stopped_by(target, ended, 31):
            return failed("objection.unsettled", {outcome: found})
        if target.fold(ended).has_exclusions is not (outcome == notice.EXCLUDED):
            return failed("exclusion.forgotten", outcome)
    return None


def _customer(plan: str) -> Tenant:
    return Tenant(TenantId("tn_synthetic"), "synthetic", plan)


def _leaf(target: Machine, action: str, day: int, **detail: str) -> Stated:
    """Return a leaf of the walk; its first is of 31 days ago."""
    at = target.now + timedelta(days=day - 31)
    said = {"digest": notice.digest(SYNTHETIC), **detail}
    return Stated(EntryId(day), LeafIndex(day), at, action, SYNTHETIC.id, said)


def _stopped_by(target: Machine, leaves: Sequence[Stated], day: int, *, hours: int = 31 * 24) -> str:
    """Return what stops it on a day; ``hours``: how many of the last ones the log has a leaf for."""
    now = target.now + timedelta(days=day - 31)
    ticks = [Tick(now - HOUR * back, LeafIndex(10_000 - back)) for back in range(hours)]
    return target.obstacle(target.fold(leaves), SYNTHETIC, LogTime(now, ticks))


def _engages(target: Machine, leaves: Sequence[Stated], day: int) -> str:
    """Return the day where nothing stops an engagement on it; empty where something does."""
    return "" if _stopped_by(target, leaves, day) else f"day {day}"


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
    return Objections(made, ended, log_time.CLOCK, world.house.clock())


async def settled(target: Objections) -> Finding:
    """See that no objection is open past the day from which the change would apply, and how each ended."""
    late = [name for name, at in target.made.items() if name not in target.ended and target.now - at > target.within]
    if late:
        return failed("objection.open", len(late), "objections")
    if not target.made:
        raise CannotVerifyError("objection.none")
    outcomes = sorted(set(target.ended.values()))
    unknown = [each for each in outcomes if each not in notice.OUTCOMES]
    return failed("objection.outcome", unknown) if unknown else passed({"of": len(target.made), "ended": outcomes})
