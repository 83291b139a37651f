"""Incidents and maintenance: what may be said of them, as leaves of the public trust log, and what they come to. Pure.

Each word is a leaf (``incident.opened``, ``incident.updated``, ``incident.marked``), and an incident is nothing but its
leaves in order: nobody can date an awareness back or take an update away. Whom it concerns never stands here.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from gatepost.clock import Entropy
from gatepost.ids import token
from gatepost.record.paper import Json
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust import clocks
from gatepost.trust.leaf import instant
from gatepost.trust.uptime import Component

OPENED, UPDATED, MARKED = "incident.opened", "incident.updated", "incident.marked"
SUBJECT = "@incident/"
"""What stands before an incident's id where its facts are found."""
NAME_MAX_CHARS, BODY_MAX_OCTETS = 120, 1_000


class State(StrEnum):
    """Where an incident, or a piece of maintenance, stands; Statuspage's words."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    POSTMORTEM = "postmortem"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    COMPLETED = "completed"


MAINTENANCE = frozenset({State.SCHEDULED, State.IN_PROGRESS, State.VERIFYING, State.COMPLETED})
OVER = frozenset({State.RESOLVED, State.POSTMORTEM, State.COMPLETED})
ACTIVE = frozenset({State.IN_PROGRESS, State.VERIFYING})


class Impact(StrEnum):
    """How bad it is; Statuspage's words, mild to grave."""

    NONE = "none"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class IncidentError(ValueError):
    """It cannot be said; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One public word. ``entry``: its number in the trust log. ``is_automatic``: no person said it (``outages``)."""

    entry: int
    state: State
    body: str
    at: datetime
    is_automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident, or one piece of maintenance, as its leaves say it.

    Attributes:
        events: anchors of clocks and steps done, with when each was stated.
        is_exercise: a drill; it is shown as one.
    """

    id: str
    name: str
    kind: clocks.Kind
    impact: Impact
    components: tuple[Component, ...]
    updates: tuple[Update, ...]
    events: Mapping[str, datetime]
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    is_exercise: bool = False

    @property
    def state(self) -> State:
        """Return where it stands."""
        return self.updates[-1].state

    @property
    def is_maintenance(self) -> bool:
        """Whether it was planned."""
        return self.updates[0].state in MAINTENANCE

    @property
    def window_in_words(self) -> str:
        """Return when it is planned for, for a person; empty where it was not."""
        if self.scheduled_for is None or self.scheduled_until is None:
            return ""
        return f"{self.scheduled_for:%Y-%m-%d %H:%M} to {self.scheduled_until:%Y-%m-%d %H:%M} UTC"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of it but a post-mortem."""
        return self.state in OVER

    @property
    def is_automatic(self) -> bool:
        """Whether no person has said or marked anything of it yet."""
        return not self.events and all(each.is_automatic for each in self.updates)

    @property
    def opened_at(self) -> datetime:
        """Return when it was first stated."""
        return self.updates[0].at

    def reached(self, *states: State) -> datetime | None:
        """Return when it first came to one of these."""
        return next((each.at for each in self.updates if each.state in states), None)

    def deadlines(self) -> list[clocks.Deadline]:
        """Return its clocks; none before awareness, of maintenance or of an exercise that has none."""
        return [] if self.is_maintenance else clocks.deadlines(self.kind, self.events)


def opened(
    identifier: str,
    *,
    name: str,
    state: State,
    impact: Impact,
    body: str,
    at: datetime,
    kind: clocks.Kind = clocks.Kind.INCIDENT,
    components: Sequence[Component] = (),
    window: tuple[datetime, datetime] | None = None,
    is_exercise: bool = False,
    is_automatic: bool = False,
) -> Fact:
    """Return the first word about one.

    Raises:
        IncidentError: a text is empty or too long, or a piece of maintenance has no window.
    """
    if not name.strip() or len(name) > NAME_MAX_CHARS:
        raise IncidentError(f"a name has 1 to {NAME_MAX_CHARS} characters")
    if (state in MAINTENANCE) != (window is not None):
        raise IncidentError("maintenance has a window, and an incident has none")
    if window is not None and window[0] >= window[1]:
        raise IncidentError("a window ends after it begins")
    detail: dict[str, Json] = {
        "name": name.strip(),
        "status": state.value,
        "impact": impact.value,
        "kind": kind.value,
        "components": [each.value for each in components],
        "body": _body(body),
        "scheduled_for": instant(window[0]) if window else None,
        "scheduled_until": instant(window[1]) if window else None,
        "exercise": is_exercise,
        **_by(is_automatic=is_automatic),
    }
    return Fact(action=OPENED, at=at, object_ref=identifier, detail=detail)


def updated(
    incident: Incident,
    *,
    state: State,
    body: str,
    at: datetime,
    impact: Impact | None = None,
    is_automatic: bool = False,
) -> Fact:
    """Return a further word.

    Raises:
        IncidentError: the text is empty or too long, or the state is not one of its kind.
    """
    if (state in MAINTENANCE) != incident.is_maintenance:
        raise IncidentError("maintenance and incidents have states of their own")
    if state is State.POSTMORTEM and not incident.is_over:
        raise IncidentError("a post-mortem follows the resolution")
    detail: dict[str, Json] = {
        "status": state.value,
        "impact": (impact or incident.impact).value,
        "body": _body(body),
        **_by(is_automatic=is_automatic),
    }
    return Fact(action=UPDATED, at=at, object_ref=incident.id, detail=detail)


def marked(incident: Incident, event: str, *, at: datetime) -> Fact:
    """Return that an anchor of clocks has happened, or that a step was done. Its time is when it is stated.

    Raises:
        IncidentError: there is no such event, or it was marked before.
    """
    if event not in {*clocks.EVENTS, *(each.id for each in clocks.rules())}:
        raise IncidentError(f"an event is one of {', '.join(clocks.EVENTS)} or the id of a rule")
    if event in incident.events:
        raise IncidentError(f"{event} was stated before, and stays as it was")
    return Fact(action=MARKED, at=at, object_ref=incident.id, detail={"event": event})


def _by(*, is_automatic: bool) -> dict[str, Json]:
    return {"automatic": True} if is_automatic else {}


def _body(text: str) -> str:
    text = text.strip()
    if not text or len(text.encode("utf-8", "replace")) > BODY_MAX_OCTETS:
        raise IncidentError(f"an update has 1 to {BODY_MAX_OCTETS} octets; a longer text has a page of its own")
    return text


def new_id(entropy: Entropy) -> str:
    """Return an identifier for an incident."""
    return token("in", entropy(10))


def incidents_of(facts: Iterable[Stated]) -> list[Incident]:
    """Return what their leaves, oldest first, come to; the newest incident comes first."""
    found: dict[str, Incident] = {}
    for fact in facts:
        with suppress(KeyError, TypeError, ValueError):  # a row that somebody changed says nothing, and stops nobody
            told = _told(found.get(fact.object_ref), fact)
            if told is not None:
                found[fact.object_ref] = told
    return sorted(found.values(), key=lambda each: each.updates[0].entry, reverse=True)


def _told(known: Incident | None, fact: Stated) -> Incident | None:
    if fact.action == OPENED:
        return _opened(fact)
    if known is not None and fact.action == UPDATED:
        return replace(known, impact=Impact(fact.detail["impact"]), updates=(*known.updates, _update(fact)))
    if known is not None and fact.action == MARKED:
        return replace(known, events={**known.events, fact.detail["event"]: fact.at})
    return known


def _opened(fact: Stated) -> Incident:
    detail = fact.detail
    return Incident(
        id=fact.object_ref,
        name=detail["name"],
        kind=clocks.Kind(detail["kind"]),
        impact=Impact(detail["impact"]),
        components=tuple(Component(each) for each in detail["components"]),
        updates=(_update(fact),),
        events={},
        scheduled_for=_moment(detail["scheduled_for"]),
        scheduled_until=_moment(detail["scheduled_until"]),
        is_exercise=detail["exercise"],
    )


def _update(fact: Stated) -> Update:
    detail = fact.detail
    return Update(
        entry=fact.entry,
        state=State(detail["status"]),
        body=detail["body"],
        at=fact.at,
        is_automatic=bool(detail.get("automatic")),
    )


def _moment(text: Any) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
