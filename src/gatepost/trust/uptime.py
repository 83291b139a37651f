"""How much of the time each part of the house was up: samples, whole hours, days and shares. Pure.

An hour goes into the public trust log as ``status.measured``; tools/recompute_uptime.py computes the same shares again
from there. A moment that nobody probed is no uptime: what is missing of the expected probes is shown beside the share.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 90
"""How far back the page shows."""
HOURS = "@uptime"
"""The subject under which whole hours are found in the trust log."""


class Component(StrEnum):
    """What is probed by round trips, in the order of the page."""

    SMTP = "smtp"
    POLICY = "policy"
    RECORD = "record"
    REST = "rest"
    WEBHOOK = "webhook"


NAMES: Mapping[Component, tuple[str, str]] = {
    Component.SMTP: ("Mail in", "A canary mail is handed in at the SMTP door and taken."),
    Component.POLICY: ("Policy", "A canary mail that the policy refuses is refused."),
    Component.RECORD: ("Record", "The entry of that canary mail stands in the signed log."),
    Component.REST: ("API", "The API answers, and says that all it needs is there."),
    Component.WEBHOOK: ("Webhooks out", "A signed event leaves and arrives at a receiver of our own."),
}
"""Each part's name and what its round trip is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the round trips are made, and how long one may take, in seconds."""

    every_s: float = 60.0
    trip_s: float = 10.0

    @property
    def silent_after(self) -> timedelta:
        """Return how old a part's newest sample may be: a round that fails twice may take its time, a missing one not.

        With the defaults 110 s, so that probes that have stopped are seen within two minutes as well.
        """
        return timedelta(seconds=1.5 * self.every_s + 2 * self.trip_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One round trip. ``reason``: why it failed, as ``subject.fact``; empty where it did not."""

    component: Component
    at: datetime
    is_up: bool
    latency_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One whole hour of one part; ``hour`` is its beginning in UTC."""

    component: Component
    hour: datetime
    probes: int
    up: int
    p50_ms: int
    p95_ms: int


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day of one part; ``probes`` is 0 where nobody looked."""

    day: date
    probes: int
    up: int

    @property
    def share(self) -> float | None:
        """Return the part of its probes that came back, 0 to 1; None where there were none."""
        return self.up / self.probes if self.probes else None


def hour_of(at: datetime) -> datetime:
    """Return the beginning of the hour, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hours_of(samples: Iterable[Sample]) -> list[Hour]:
    """Return the hours that these samples fill, in order."""
    found: dict[tuple[datetime, Component], list[Sample]] = {}
    for sample in samples:
        found.setdefault((hour_of(sample.at), sample.component), []).append(sample)
    return [_hour(hour, component, found[hour, component]) for hour, component in sorted(found)]


def _hour(hour: datetime, component: Component, samples: Sequence[Sample]) -> Hour:
    took = sorted(each.latency_ms for each in samples if each.is_up) or [0]
    return Hour(
        component=component,
        hour=hour,
        probes=len(samples),
        up=sum(each.is_up for each in samples),
        p50_ms=took[(len(took) - 1) // 2],
        p95_ms=took[int(0.95 * (len(took) - 1))],
    )


def days_of(hours: Iterable[Hour], today: date, *, days: int = DAYS) -> dict[Component, list[Day]]:
    """Return the last days of each part up to today, oldest first; a part that no hour names is left out."""
    counts: dict[tuple[Component, date], tuple[int, int]] = {}
    for each in hours:
        place = each.component, each.hour.astimezone(UTC).date()
        probes, up = counts.get(place, (0, 0))
        counts[place] = probes + each.probes, up + each.up
    shown = [today - DAY * back for back in reversed(range(days))]
    known = sorted({component for component, _ in counts})
    return {component: [Day(day, *counts.get((component, day), (0, 0))) for day in shown] for component in known}


def share_of(days: Iterable[Day]) -> float | None:
    """Return the part of all probes of these days that came back; None where there were none."""
    every = list(days)
    probes = sum(each.probes for each in every)
    return sum(each.up for each in every) / probes if probes else None
