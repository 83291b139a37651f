"""Alerts: who is called, when, and who answers, by leaves of the public trust log; and who is on call. Pure.

An alert is raised once about a thing, goes to the first level of the rota at once and to each further level after its
minutes without an answer. What it is about is an id of ours; a person is a reference, and an address stands nowhere.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gatepost.ids import token
from gatepost.record.paper import Json
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust.cases import checked_ref
from gatepost.trust.registers import Responder, Shift

RAISED, SENT, ACKNOWLEDGED = "alert.raised", "alert.sent", "alert.acknowledged"
SUBJECT = "@alert/"
WITHIN = timedelta(minutes=15)
"""How soon whoever is on call acknowledges, as we promise."""
TRIES_MAX, AGAIN_AFTER = 6, timedelta(minutes=1)
"""How often one level is called where nobody takes the message, and how long between."""


class Kind(StrEnum):
    """What an alert is about."""

    INCIDENT = "incident"
    CLOCK = "clock"  # of an incident, half, three quarters, nine tenths or all of it over
    CASE = "case"  # half the time to acknowledge a report is over
    FINDING = "finding"  # half the time of its next step is over
    ERROR = "error"  # one nobody expected, of a new kind
    DRILL = "drill"  # nothing happened: it is seen whether anybody comes


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is to be an alert: a kind, and the id of what it is about."""

    kind: Kind
    about: str

    @property
    def alert(self) -> str:
        """Return the id of the alert about it: the same for the same thing, so that it is raised once."""
        return token("al", hashlib.sha256(f"{self.kind}\n{self.about}".encode()).digest()[:10])


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as its leaves say it.

    Attributes:
        tries: when each level was called, oldest first.
        reached: the levels at which a receiver took the message, and when first.
    """

    id: str
    cause: Cause
    raised_at: datetime
    tries: Mapping[int, tuple[datetime, ...]] = field(default_factory=dict)
    reached: Mapping[int, datetime] = field(default_factory=dict)
    acknowledged_at: datetime | None = None
    by: str = ""

    def state(self, now: datetime) -> str:
        """Return ``waiting``, ``overdue``, ``acknowledged`` or ``acknowledged late``."""
        if self.acknowledged_at is None:
            return "overdue" if now - self.raised_at > WITHIN else "waiting"
        return "acknowledged" if self.acknowledged_at - self.raised_at <= WITHIN else "acknowledged late"

    def due_levels(self, shifts: Sequence[Shift], now: datetime) -> list[Shift]:
        """Return the levels that are to be called now."""
        if self.acknowledged_at is not None:
            return []
        return [each for each in shifts if self._is_due(each, now)]

    def _is_due(self, shift: Shift, now: datetime) -> bool:
        tries = self.tries.get(shift.level, ())
        if shift.level in self.reached or len(tries) >= TRIES_MAX:
            return False
        if tries and now - tries[-1] < AGAIN_AFTER:
            return False
        return now - self.raised_at >= timedelta(minutes=shift.after_minutes)


def on_call(shift: Shift, responders: Sequence[Responder], at: datetime) -> Responder | None:
    """Return whose turn it is; None where the rota names nobody known, or has not begun."""
    known = {each.ref: each for each in responders}
    days = (at.date() - shift.since).days
    if days < 0 or not shift.responders:
        return None
    return known.get(shift.responders[days // max(1, shift.turn_days) % len(shift.responders)])


def raised(cause: Cause, *, at: datetime) -> Fact:
    """Return that there is an alert."""
    return Fact(action=RAISED, at=at, object_ref=cause.alert, detail={"kind": cause.kind.value, "about": cause.about})


def sent(alert: Alert, *, level: int, to: str, result: str, is_taken: bool, at: datetime) -> Fact:
    """Return that a level was called, and whether its receiver took the message."""
    detail: dict[str, Json] = {"level": level, "to": to, "result": result[:64], "taken": is_taken}
    return Fact(action=SENT, at=at, object_ref=alert.id, detail=detail)


def acknowledged(alert: Alert, *, by: str, at: datetime) -> Fact:
    """Return that somebody has taken it on; again by another changes nothing.

    Raises:
        CaseError: ``by`` is no reference.
    """
    return Fact(action=ACKNOWLEDGED, at=at, object_ref=alert.id, detail={"by": checked_ref(by)})


def alerts_of(facts: Iterable[Stated]) -> list[Alert]:
    """Return what leaves, oldest first, come to."""
    found: dict[str, Alert] = {}
    for fact in facts:
        known, detail = found.get(fact.object_ref), fact.detail
        if known is None and fact.action == RAISED:
            cause = Cause(Kind(detail["kind"]), detail["about"])
            found[fact.object_ref] = Alert(id=fact.object_ref, cause=cause, raised_at=fact.at)
        elif known is not None and fact.action == SENT:
            level = int(detail["level"])
            tries = {**known.tries, level: (*known.tries.get(level, ()), fact.at)}
            reached = {level: fact.at, **known.reached} if detail["taken"] else known.reached
            found[known.id] = replace(known, tries=tries, reached=reached)
        elif known is not None and fact.action == ACKNOWLEDGED and known.acknowledged_at is None:
            found[known.id] = replace(known, acknowledged_at=fact.at, by=str(detail["by"]))
    return [*found.values()]
