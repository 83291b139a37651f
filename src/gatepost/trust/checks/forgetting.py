"""Whether records go when they should, and not before: canaries asked about at shifted times.

Expiry itself is asked, by its own dry run, what it would remove a minute before a canary's time is up and a minute
after. Nothing is removed, no clock is moved but the one that expiry is given, and no canary has to wait seven years.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatepost.access.paper import Tenant
from gatepost.record.paper import Json
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.world import Canary, World
from gatepost.upkeep.retention import Keeper, expire

MARGIN = timedelta(minutes=1)
_TURNS_MAX, _TURN_S = 50, 0.2
_PLANS = ("free", "developer", "team", "business", "enterprise")

Removed = Callable[[str, datetime], Awaitable[int]]
"""How many records of a plan expiry would remove at a time."""


@dataclass(frozen=True, slots=True)
class Planted:
    """When a canary's record was made, how many days each plan keeps it, and what expiry would do."""

    at: datetime
    days: Mapping[str, int]
    removed: Removed


async def house_canary(world: World, _arguments: Mapping[str, str]) -> Planted:
    """Plant a canary with the house's own, and ask about every plan that does not keep for ever."""
    if world.canary is None:
        raise CannotVerifyError("canary.missing")
    if world.keeper is None:
        raise CannotVerifyError("keeper.missing")
    keeper, canary, clock = world.keeper, world.canary, world.house.clock
    at = clock()
    await canary.act()
    await _in_the_log(keeper, canary)
    limits = {plan: keeper.plans.days_for(plan) for plan in _PLANS}

    async def removed(plan: str, at: datetime) -> int:
        return await _foreseen(keeper, canary, plan, at)

    return Planted(at, {plan: days for plan, days in limits.items() if days is not None}, removed)


async def _in_the_log(keeper: Keeper, canary: Canary) -> None:
    """Wait until the canary's record has its place: expiry walks along the log."""
    for _ in range(_TURNS_MAX):
        if await keeper.sequence(canary.tenant) >= 0:
            return
        await asyncio.sleep(_TURN_S)
    raise CannotVerifyError("log.busy")


async def _foreseen(keeper: Keeper, canary: Canary, plan: str, at: datetime) -> int:
    shifted = replace(keeper, past=lambda: at)
    done = await expire(shifted, Tenant(canary.tenant, "canary", plan), dry_run=True)
    return done.openings


async def kept(target: Planted) -> Finding:
    """See that on each plan the canary's record stays a minute before its time is up, and goes a minute after."""
    if not target.days:
        raise CannotVerifyError("nothing.to_look_at")
    seen: dict[str, Json] = {}
    for plan, days in target.days.items():
        end = target.at + timedelta(days=days)
        before, after = await target.removed(plan, end - MARGIN), await target.removed(plan, end + MARGIN)
        if after <= before:
            return failed("retention.kept_too_long", {plan: days}, "days")
        seen[plan] = days
    return passed(seen, "days")
