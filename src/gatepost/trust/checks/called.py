"""Alerts: whether each reached somebody, and was taken on in time, by their leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from gatepost.trust import oncall
from gatepost.trust.alerts import WITHIN, Alert
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.world import World

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Calls:
    """Alerts, drills among them; how soon each is to be acknowledged; now."""

    alerts: tuple[Alert, ...]
    within: timedelta
    now: datetime


async def calls(world: World, _arguments: Mapping[str, str]) -> Calls:
    """Return the alerts of the last thirty days."""
    return Calls(tuple(await oncall.read_alerts(world.house)), WITHIN, world.house.clock())


async def answered(target: Calls) -> Finding:
    """See that each alert was taken on in time, or still has time; show how long it took to reach somebody, and on."""
    if not target.alerts:
        raise CannotVerifyError("alert.none")
    waited = [(each.acknowledged_at or target.now) - each.raised_at for each in target.alerts]
    late = sum(each > target.within for each in waited)
    if late:
        return failed("alert.unanswered", {"late": late, "of": len(waited)}, "alerts")
    done = [each for each in target.alerts if each.acknowledged_at is not None]
    if not done:
        raise CannotVerifyError("alert.waits")
    minutes = [(each.acknowledged_at - each.raised_at) / _MINUTE for each in done if each.acknowledged_at]
    reached = [(min(each.reached.values()) - each.raised_at) / _MINUTE for each in done if each.reached]
    value = {"median": round(median(minutes), 1), "worst": round(max(minutes), 1), "alerts": len(done)}
    return passed({**value, "to_reach": round(max(reached), 1) if reached else None}, "minutes")
