"""How far the tenants' own copies of the record lag behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost import access
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.world import World
from gatepost.upkeep.siem import list_all
from gatepost.upkeep.siem.paper import Status

LAG_MAX = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Exports:
    """Every destination of every tenant, and now."""

    statuses: tuple[Status, ...]
    now: datetime


async def house_exports(world: World, _arguments: Mapping[str, str]) -> Exports:
    """Return the house's own."""
    found: list[Status] = []
    for tenant in await access.list_tenants(world.house.db):
        async with world.house.db.transaction(tenant.id) as tx:
            found += await list_all(tx)
    if not found:
        raise CannotVerifyError("nothing.to_look_at")
    return Exports(tuple(found), world.house.clock())


async def flowing(target: Exports) -> Finding:
    """See that none has stopped, and that none has stood still for minutes while entries wait."""
    for status in target.statuses:
        if status.is_stopped:
            return failed("export.stopped")
        since = status.exported_at or status.destination.created_at
        if status.lag and target.now - since > LAG_MAX:
            return failed("export.lags", status.lag, "entries")
    letters = sum(status.letters for status in target.statuses)
    lag = max(status.lag for status in target.statuses)
    return passed({"destinations": len(target.statuses), "lag": lag, "not_taken": letters})
