"""How far the tenants' own copies of the record lag behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from gatepost import access
from gatepost.record import log_store
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.world import World
from gatepost.upkeep.siem import list_all
from gatepost.upkeep.siem.paper import Status

LAG_MAX = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Export:
    """How far a destination is, and from when the first entry is that waits for it; None where none waits."""

    status: Status
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Exports:
    """Every destination of every tenant, and now."""

    exports: tuple[Export, ...]
    now: datetime


async def house_exports(world: World, _arguments: Mapping[str, str]) -> Exports:
    """Return the house's own."""
    found: list[Export] = []
    for tenant in await access.list_tenants(world.house.db):
        async with world.house.db.transaction(tenant.id) as tx:
            for status in await list_all(tx):
                leaves = await log_store.leaves(tx, status.next_index, status.next_index + 1) if status.lag else []
                found.append(Export(status, datetime.fromisoformat(orjson.loads(leaves[0])["ts"]) if leaves else None))
    if not found:
        raise CannotVerifyError("nothing.to_look_at")
    return Exports(tuple(found), world.house.clock())


async def flowing(target: Exports) -> Finding:
    """See that none has stopped, and that none has stood still for minutes while entries wait."""
    for each in target.exports:
        status = each.status
        if status.is_stopped:
            return failed("export.stopped")
        moved_at = status.exported_at or status.destination.created_at
        if each.first_at is not None and target.now - max(moved_at, each.first_at) > LAG_MAX:
            return failed("export.lags", status.lag, "entries")
    letters = sum(each.status.letters for each in target.exports)
    lag = max(each.status.lag for each in target.exports)
    return passed({"destinations": len(target.exports), "lag": lag, "not_taken": letters})
