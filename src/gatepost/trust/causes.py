"""What there is to call somebody for, seen at a moment. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from gatepost.trust.alerts import Cause, Kind
from gatepost.trust.cases import Case
from gatepost.trust.fault import Fault
from gatepost.trust.incidents import Incident
from gatepost.trust.weakness import Weakness

DRILL_DAY, DRILL_HOURS = 2, range(9, 15)
"""Tuesdays, UTC."""
ERROR_NEW = timedelta(hours=1)
"""How long an error is new: what was so before the house began to call is no surprise."""


def of_incidents(incidents: Iterable[Incident], now: datetime) -> Iterator[Cause]:
    """Yield one for each incident that is open, and one for each reminder of its clocks that has come."""
    for each in incidents:
        if each.is_maintenance or (each.is_exercise and each.is_over):
            continue
        if not each.is_over:
            yield Cause(Kind.INCIDENT, each.id)
        for deadline in each.deadlines():
            for number, at in enumerate(deadline.reminders(), 1):
                if at <= now:
                    yield Cause(Kind.CLOCK, f"{each.id}/{deadline.rule.id}/{number}")


def of_cases(cases: Iterable[Case], within: timedelta, now: datetime) -> Iterator[Cause]:
    """Yield one for each report nobody has acknowledged in half the time."""
    for each in cases:
        if each.acknowledged_at is None and each.closed_at is None and now - each.received_at >= within / 2:
            yield Cause(Kind.CASE, each.id)


def of_findings(findings: Iterable[Weakness], now: datetime) -> Iterator[Cause]:
    """Yield one for each finding of whose next step's time half is over; a further one for the step after it."""
    for each in findings:
        due_at = each.due_at()
        if due_at is not None and now - each.detected_at >= (due_at - each.detected_at) / 2:
            yield Cause(Kind.FINDING, f"{each.id}/{'mend' if each.triaged_at else 'triage'}")


def of_faults(faults: Iterable[Fault], now: datetime) -> Iterator[Cause]:
    """Yield one for each new kind of error."""
    for each in faults:
        if now - each.first_at < ERROR_NEW:
            yield Cause(Kind.ERROR, each.fingerprint)


def of_calendar(now: datetime) -> Iterator[Cause]:
    """Yield the week's drill, within working hours: whether somebody comes is worth no one's sleep."""
    year, week, day = now.isocalendar()
    if day == DRILL_DAY and now.hour in DRILL_HOURS:
        yield Cause(Kind.DRILL, f"{year}-W{week:02}")
