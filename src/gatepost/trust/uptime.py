"""How much of the time each part of the house was up: samples, whole hours, days and shares. Pure.

An hour goes into the public trust log as ``status.measured``; tools/recompute_uptime.py computes the same shares again
from there. A stretch without probes is no uptime: each probe that was due in it, by the cadence in force, counts as one
that did not come back, and how much was measured at all is said beside it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 90
"""How far back the page shows."""
FULL = 0.9
"""How much of the probes that were due makes an hour a whole one."""
MEASURED = "status.measured"
"""What the trust log says of a whole hour."""
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

REASONS: Mapping[str, str] = {
    "mail.not_taken": "the mail was not taken",
    "policy.not_applied": "the mail was not refused",
    "api.not_ready": "it says that it cannot work",
    "webhook.none": "there is no receiver",
    "webhook.not_taken": "the receiver did not take it",
    "answer.late": "it did not answer in time",
    "answer.slow": "it answers slowly",
    "door.unreachable": "nobody answers at its door",
    "database.away": "the database is out of reach",
    "canary.missing": "the canaries' mailbox is gone",
    "probe.silent": "nobody has probed it lately",
    "incident.open": "an open incident says so",
    "maintenance.active": "maintenance is under way",
}
"""Why a part is no better, in words."""


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
    """One round trip. ``reason``: why it failed, as ``subject.fact``; empty where it did not.

    ``every_s``: the cadence under which it was made, in whole seconds; 0 where that is not known.
    """

    component: Component
    at: datetime
    is_up: bool
    latency_ms: int
    reason: str = ""
    every_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of one part; ``hour`` is its beginning in UTC, ``every_s`` the fastest cadence in force in it."""

    component: Component
    hour: datetime
    probes: int
    up: int
    p50_ms: int
    p95_ms: int
    every_s: int = 0

    @property
    def due(self) -> int:
        """Return how many probes a whole hour of this cadence has; 0 where it is not known."""
        return 3600 // self.every_s if self.every_s else 0


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day of one part; ``unprobed``: probes that were due while nobody looked."""

    day: date
    probes: int
    up: int
    unprobed: int = 0

    @property
    def share(self) -> float | None:
        """Return the part of the probes made and due that came back, 0 to 1; None where there were none."""
        due = self.probes + self.unprobed
        return self.up / due if due else None

    @property
    def measured(self) -> float | None:
        """Return the part of the probes due that were made, 0 to 1; None where none was due."""
        due = self.probes + self.unprobed
        return self.probes / due if due else None


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
        every_s=min((each.every_s for each in samples if each.every_s), default=0),
    )


def days_of(hours: Iterable[Hour], now: datetime, *, days: int = DAYS) -> dict[Component, list[Day]]:
    """Return the last days of each part up to today, oldest first; a part that no hour names is left out.

    An hour from before these days tells from when on probes were due.
    """
    counts: Counter[tuple[Component, date, str]] = Counter()
    parts: dict[Component, list[Hour]] = {}
    for each in hours:
        parts.setdefault(each.component, []).append(each)
    for component, mine in parts.items():
        for each in mine:
            day = each.hour.astimezone(UTC).date()
            counts[component, day, "probes"] += each.probes
            counts[component, day, "up"] += each.up
        for hour, missed in _unprobed(sorted(mine, key=lambda each: each.hour), now):
            counts[component, hour.astimezone(UTC).date(), "unprobed"] += missed
    today = now.astimezone(UTC).date()
    shown = [today - DAY * back for back in reversed(range(days))]
    kinds = ("probes", "up", "unprobed")
    return {part: [Day(day, *(counts[part, day, kind] for kind in kinds)) for day in shown] for part in sorted(parts)}


def _unprobed(hours: Sequence[Hour], now: datetime) -> Iterator[tuple[datetime, int]]:
    """Yield the hours of one part, given in order, in which probes were due and not made, and how many.

    As many are due as the cadence of the hour asks for, where there is no hour at all that of the last one before it; a
    tenth may be lost to slow rounds. Of the first hour nothing is missed, nor of the one under way.
    """
    for before, each in pairwise(hours):
        gap = before.hour + HOUR
        while gap < each.hour:
            yield gap, before.due
            gap += HOUR
        if each.hour + HOUR <= now and each.probes < FULL * each.due:
            yield each.hour, each.due - each.probes


def share_of(days: Iterable[Day]) -> float | None:
    """Return the part of all probes of these days, made and due, that came back; None where there were none."""
    every = list(days)
    due = sum(each.probes + each.unprobed for each in every)
    return sum(each.up for each in every) / due if due else None


def measured_of(days: Iterable[Day]) -> float | None:
    """Return the part of the probes due in these days that were made; None where none was due."""
    every = list(days)
    due = sum(each.probes + each.unprobed for each in every)
    return sum(each.probes for each in every) / due if due else None
