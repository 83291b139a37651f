"""Clocks that an awareness starts: which notices are due, by when, and when to remind. Pure but for reading its rules.

The rules are data (clocks.toml), with the days from which and until which each holds. A clock runs from its anchor; one
whose anchor has not happened has no deadline yet. What is shown is a working aid, not legal advice.
"""

import calendar
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

AWARE, CLASSIFIED, FIX_AVAILABLE = "aware", "classified", "fix_available"
EVENTS = (AWARE, CLASSIFIED, FIX_AVAILABLE)
"""Anchors that are no step of a rule."""
NOTICE = "gdpr.controller_notice"
"""The step that is ours as processor: telling those concerned."""
REMINDERS = (0.5, 0.75, 0.9)
"""Shares of a clock's time after which somebody is reminded."""
_SPAN = re.compile(r"P(?:(\d{1,3})M)?(?:(\d{1,3})D)?(?:T(\d{1,4})H)?", re.ASCII)
_SATURDAY = 5


class Kind(StrEnum):
    """What happened, as far as the rules ask."""

    INCIDENT = "incident"  # availability or security, no personal data
    BREACH = "breach"  # of personal data; every rule for incidents holds too
    EXPLOITED = "exploited"  # a vulnerability of the product that is being used


class ClockError(ValueError):
    """The rules cannot be read, or an event is none of theirs."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period: calendar months, then hours."""

    months: int
    hours: int

    @classmethod
    def parse(cls, text: str) -> "Span":
        """Read ``PT24H``, ``P14D`` or ``P1M``.

        Raises:
            ClockError: it is none of these.
        """
        found = _SPAN.fullmatch(text)
        if found is None or not any(found.groups()):
            raise ClockError(f"no period: {text[:32]}")
        months, days, hours = (int(each or 0) for each in found.groups())
        return cls(months, 24 * days + hours)

    def after(self, at: datetime) -> datetime:
        """Return the end of the period; the 31st of a shorter month is its last day."""
        month = at.month - 1 + self.months
        year, month = at.year + month // 12, month % 12 + 1
        day = min(at.day, calendar.monthrange(year, month)[1])
        return at.replace(year=year, month=month, day=day) + timedelta(hours=self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One step that a regime asks for, in one version of it."""

    id: str
    regime: str
    kind: Kind
    who: str
    to: str
    anchor: str
    within: Span
    source: str
    valid_from: date
    valid_until: date | None = None
    at_most: Span | None = None
    calendar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One clock of one incident.

    Attributes:
        started_at: when its anchor happened; None where it has not.
        due_at: None where it has not started.
        latest_at: the end by the calendar, where days of rest may move it; else ``due_at``.
        met_at: when the step was done; None where it was not.
    """

    rule: Rule
    started_at: datetime | None
    due_at: datetime | None
    latest_at: datetime | None
    met_at: datetime | None

    def state(self, now: datetime) -> str:
        """Return ``waiting``, ``running``, ``met``, ``met late`` or ``missed``."""
        if self.due_at is None:
            return "met" if self.met_at else "waiting"
        if self.met_at is not None:
            return "met" if self.met_at <= self.due_at else "met late"
        return "running" if now <= self.due_at else "missed"

    def reminders(self) -> list[datetime]:
        """Return when somebody is to be reminded, and the end itself; none once it is met or before it starts."""
        if self.started_at is None or self.due_at is None or self.met_at is not None:
            return []
        lasts = self.due_at - self.started_at
        return [*(self.started_at + lasts * share for share in REMINDERS), self.due_at]


@cache
def rules() -> tuple[Rule, ...]:
    """Return every version of every rule.

    Raises:
        ClockError: one cannot be read.
    """
    rows = tomllib.loads(files("gatepost.trust").joinpath("clocks.toml").read_text())["rule"]
    made = tuple(map(_rule, rows))
    known = {*EVENTS, *(each.id for each in made)}
    for each in made:
        if each.anchor not in known:
            raise ClockError(f"{each.id}: nothing is called {each.anchor}")
    return made


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        **{
            **row,
            "kind": Kind(row["kind"]),
            "within": Span.parse(row["within"]),
            "at_most": Span.parse(row["at_most"]) if "at_most" in row else None,
        }
    )


def deadlines(kind: Kind, events: Mapping[str, datetime], *, given: Iterable[Rule] | None = None) -> list[Deadline]:
    """Return the clocks of an incident, in the order of the rules.

    Args:
        kind: what happened.
        events: when each anchor happened, and when each step was done, by the rule's id.
        given: other rules than the house's.
    """
    aware = events.get(AWARE)
    if aware is None:
        return []
    kinds = {kind, Kind.INCIDENT} if kind is Kind.BREACH else {kind}
    held = [each for each in (rules() if given is None else given) if each.kind in kinds]
    return [_deadline(each, events) for each in held if _holds(each, aware.date())]


def _holds(rule: Rule, day: date) -> bool:
    return rule.valid_from <= day and (rule.valid_until is None or day <= rule.valid_until)


def _deadline(rule: Rule, events: Mapping[str, datetime]) -> Deadline:
    started, aware = events.get(rule.anchor), events.get(AWARE)
    due = rule.within.after(started) if started else None
    if rule.at_most is not None and aware is not None:
        bound = rule.at_most.after(aware)
        due = min(due, bound) if due else bound
        started = started or aware
    latest = _end_of_rest(due) if due and rule.calendar else due
    return Deadline(rule=rule, started_at=started, due_at=due, latest_at=latest, met_at=events.get(rule.id))


def _end_of_rest(due: datetime) -> datetime:
    """Return the end of the next working day where the period ends on a weekend.

    deviation: Regulation 1182/71 article 3(4) also names public holidays, which differ by country and are not known
    here; nobody should rely on the later end without asking.
    """
    if due.weekday() < _SATURDAY:
        return due
    monday = due.date() + timedelta(days=7 - due.weekday())
    return datetime.combine(monday, time(23, 59, 59), UTC)
