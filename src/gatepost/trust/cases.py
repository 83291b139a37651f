"""Reports from outside: a register of cases, each nothing but its leaves. Pure.

Whoever reported, and what, never stands in a leaf: it lies in the mailbox the report came to, or sealed beside the
case. A leaf says that there is a case, of which sort, and when somebody took it up and ended it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gatepost.record.paper import Json
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust.leaf import instant

RECEIVED, ACKNOWLEDGED, CLOSED = "case.received", "case.acknowledged", "case.closed"
SUBJECT = "@case/"
"""What stands before a case's id where its facts are found."""
REF_MAX_CHARS = 32


class Sort(StrEnum):
    """What is reported; the words are the roles of contacts that take such reports."""

    SECURITY = "security"
    ABUSE = "abuse"
    PRIVACY = "privacy"


class Way(StrEnum):
    """How it came."""

    MAIL = "mail"
    FORM = "form"
    WORD = "word"  # told to a person, who wrote it down


class Ending(StrEnum):
    """How a case ends."""

    FIXED = "fixed"
    NO_FAULT = "no_fault"
    DUPLICATE = "duplicate"
    OUT_OF_SCOPE = "out_of_scope"
    ANSWERED = "answered"
    SPAM = "spam"


class CaseError(ValueError):
    """A step cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case as its leaves say it. ``by``: the reference of whoever acknowledged it, never a name."""

    id: str
    sort: Sort
    way: Way
    received_at: datetime
    acknowledged_at: datetime | None = None
    by: str = ""
    closed_at: datetime | None = None
    ending: Ending | None = None

    def state(self, now: datetime, within: timedelta) -> str:
        """Return ``waiting``, ``overdue``, ``acknowledged``, ``acknowledged late`` or ``closed``."""
        if self.closed_at is not None:
            return "closed"
        if self.acknowledged_at is None:
            return "overdue" if now - self.received_at > within else "waiting"
        return "acknowledged" if self.acknowledged_at - self.received_at <= within else "acknowledged late"

    def waited(self, now: datetime) -> timedelta:
        """Return how long it waited to be acknowledged, or has waited until now; spam that was closed did not wait."""
        return (self.acknowledged_at or self.closed_at or now) - self.received_at


def received(identifier: str, *, sort: Sort, way: Way, at: datetime, arrived_at: datetime) -> Fact:
    """Return that a report came; its clock runs from when it arrived, however late somebody looked."""
    detail: dict[str, Json] = {"sort": sort.value, "way": way.value, "arrived_at": instant(min(at, arrived_at))}
    return Fact(action=RECEIVED, at=at, object_ref=identifier, detail=detail)


def acknowledged(case: Case, *, by: str, at: datetime) -> Fact:
    """Return that a person has read it and has written back.

    Raises:
        CaseError: somebody did before, it is closed, or ``by`` is no reference.
    """
    if case.acknowledged_at is not None or case.closed_at is not None:
        raise CaseError("it was acknowledged or closed before, and stays as it was")
    return Fact(action=ACKNOWLEDGED, at=at, object_ref=case.id, detail={"by": checked_ref(by)})


def closed(case: Case, *, ending: Ending, by: str, at: datetime) -> Fact:
    """Return that nothing more is done about it; who reported must have had an answer, unless it is spam.

    Raises:
        CaseError: it is closed, or nobody acknowledged it.
    """
    if case.closed_at is not None:
        raise CaseError("it is closed, and stays so")
    if case.acknowledged_at is None and ending is not Ending.SPAM:
        raise CaseError("acknowledge it first: who reported has had no answer")
    return Fact(action=CLOSED, at=at, object_ref=case.id, detail={"ending": ending.value, "by": checked_ref(by)})


def checked_ref(by: str) -> str:
    """Return a person's reference, such as ``member 4``, as it may stand in a leaf for ever.

    Raises:
        CaseError: it is empty, too long, or an address.
    """
    if not by.strip() or len(by) > REF_MAX_CHARS or "@" in by or not by.isprintable():
        raise CaseError(f"a person is named by a reference of 1 to {REF_MAX_CHARS} characters, and no address")
    return by.strip()


def cases_of(facts: Iterable[Stated]) -> list[Case]:
    """Return what leaves, oldest first, come to; the newest case comes last."""
    found: dict[str, Case] = {}
    for fact in facts:
        known = found.get(fact.object_ref)
        if fact.action == RECEIVED:
            sort, way = Sort(fact.detail["sort"]), Way(fact.detail["way"])
            arrived_at = datetime.fromisoformat(fact.detail["arrived_at"])
            found[fact.object_ref] = Case(id=fact.object_ref, sort=sort, way=way, received_at=arrived_at)
        elif known is not None and fact.action == ACKNOWLEDGED:
            found[known.id] = replace(known, acknowledged_at=fact.at, by=str(fact.detail["by"]))
        elif known is not None and fact.action == CLOSED:
            found[known.id] = replace(known, closed_at=fact.at, ending=Ending(fact.detail["ending"]))
    return [*found.values()]
