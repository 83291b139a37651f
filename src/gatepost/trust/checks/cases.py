"""Reports from outside: whether each was acknowledged in time, by the register's own leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from gatepost.trust import intake
from gatepost.trust.cases import Case
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.world import World

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Register:
    """Cases, how soon each is to be acknowledged, and now."""

    cases: tuple[Case, ...]
    within: timedelta
    now: datetime


async def register(world: World, _arguments: Mapping[str, str]) -> Register:
    """Return this house's cases, and the hours the operator publishes."""
    within = timedelta(hours=world.operator.disclosure.acknowledge_hours)
    return Register(tuple(await intake.read_cases(world.house)), within, world.house.clock())


async def acknowledged(target: Register) -> Finding:
    """See that every report was acknowledged in time, or still has time; show how long they waited."""
    if not target.cases:
        raise CannotVerifyError("nothing.to_look_at")
    late = sum(each.waited(target.now) > target.within for each in target.cases)
    hours = [each.waited(target.now) / _HOUR for each in target.cases if each.acknowledged_at or each.closed_at]
    open_ = len(target.cases) - len(hours)
    if late:
        return failed("report.unacknowledged", {"late": late, "of": len(target.cases)}, "reports")
    if not hours:
        raise CannotVerifyError("report.waits")  # none has been answered yet, and none is late
    return passed({"median": round(median(hours), 1), "worst": round(max(hours), 1), "waiting": open_}, "hours")
