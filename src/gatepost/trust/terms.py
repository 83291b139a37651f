"""A version of the terms, or of the processing agreement: announced, told, thirty days where material, in force. Pure.

A course is folded from leaves of the public trust log; its clock runs on them as a sub-processor's does (``log_time``).
What one customer says to it (accepted, rejected, exported, closed) is folded from the customer's own facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from gatepost.ids import LeafIndex
from gatepost.record.paper import Json
from gatepost.record.trust_log import Stated
from gatepost.trust.log_time import LogTime
from gatepost.trust.registers import TermsVersion

ANNOUNCED, NOTICED, IN_FORCE = "terms.announced", "terms.noticed", "terms.in_force"
ACCEPTED, REJECTED, LEFT = "terms.accepted", "terms.rejected", "terms.left"
SUBJECT = "@terms/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A version to come, and why it is material or not.

    Attributes:
        document: its id in the register of documents.
        sha256: of the text's octets.
        decided_by: by whose word it is material or not; a role, never a name.
    """

    document: str
    version: str
    sha256: str
    effective_on: date
    material: bool
    rule: str
    reason: str
    decided_by: str

    @property
    def public(self) -> dict[str, Json]:
        """What the leaf and every customer's entry say of it."""
        return {
            "version": self.version,
            "sha256": self.sha256,
            "effective_on": self.effective_on.isoformat(),
            "material": self.material,
            "rule": self.rule,
            "reason": self.reason,
            "decided_by": self.decided_by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How far the newest version has come. ``in_force``: the SHA-256 of the text that applies; empty for none.

    ``noticed_at``: when the leaf in a signed head says that every customer had been told, and ``noticed_in``
    that leaf's place.
    """

    change: Change | None = None
    announced_at: datetime | None = None
    noticed_at: datetime | None = None
    noticed_in: LeafIndex | None = None
    in_force: str = ""


def course_of(facts: Sequence[Stated]) -> Course:
    """Fold a document's facts, oldest first."""
    found = Course()
    for fact in facts:
        if fact.action == ANNOUNCED:
            found = Course(change=_change(fact), announced_at=fact.at, in_force=found.in_force)
            continue
        sha256 = fact.detail.get("sha256")
        if found.change is None or sha256 != found.change.sha256:
            continue
        if fact.action == NOTICED and fact.leaf_index is not None:
            found = replace(found, noticed_at=fact.at, noticed_in=fact.leaf_index)
        elif fact.action == IN_FORCE:
            found = replace(found, in_force=str(sha256))
    return found


def versions_of(facts: Sequence[Stated]) -> list[TermsVersion]:
    """Return the versions that came into force by a document's facts, oldest first, on the leaves' days.

    One in force that nobody was told of counts as told the day after.
    """
    found: list[TermsVersion] = []
    course = Course()
    for at, fact in enumerate(facts, 1):
        course = course_of(facts[:at])
        change = course.change
        if fact.action != IN_FORCE or change is None or course.in_force != change.sha256:
            continue
        told = course.noticed_at or fact.at + timedelta(days=1)
        found.append(
            TermsVersion(
                version=change.version,
                noticed_on=told.date(),
                effective_on=fact.at.date(),
                material=change.material,
                rule=change.rule,
                reason=change.reason,
                decided_by=change.decided_by,
            )
        )
    return found


def obstacle(course: Course, log: LogTime) -> str:
    """Return what keeps the newest version from applying, as ``subject.fact``; empty where nothing does.

    Args:
        course: how far it has come.
        log: the time by the trust log; the day a version applies from has to come by it too.
    """
    if course.change is None:
        return "notice.never_given"
    if course.noticed_at is None or course.noticed_in is None:
        return "notice.undelivered"
    if course.change.material and (why := log.obstacle(course.noticed_at, course.noticed_in)):
        return why
    today = min(log.now, course.noticed_at + log.passed(course.noticed_at, course.noticed_in)).date()
    return "terms.not_yet" if today < course.change.effective_on else ""


class Standing(StrEnum):
    """What one customer has said to one version."""

    TOLD = "told"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPORTED = "exported"  # it rejected, and has its export
    CLOSED = "closed"


NEXT = {
    Standing.TOLD: frozenset({Standing.ACCEPTED, Standing.REJECTED}),
    Standing.ACCEPTED: frozenset({Standing.REJECTED}),
    Standing.REJECTED: frozenset({Standing.ACCEPTED, Standing.EXPORTED}),
    Standing.EXPORTED: frozenset({Standing.ACCEPTED, Standing.CLOSED}),
    Standing.CLOSED: frozenset(),
}
"""Where a customer may go from where it stands: nobody is closed without an export; who changes their mind stays."""


def mark(standing: Standing, sha256: str) -> str:
    """Return the outcome under which a customer's fact is found."""
    return f"{standing} {sha256}"


def standing_of(outcomes: Sequence[str], sha256: str) -> Standing:
    """Return where a customer stands with a text, of its outcomes, newest first."""
    for outcome in outcomes:
        word, _, about = outcome.partition(" ")
        if about == sha256 and word in set(Standing):
            return Standing(word)
    return Standing.TOLD


def _change(fact: Stated) -> Change:
    detail = fact.detail
    return Change(
        document=fact.object_ref,
        version=detail["version"],
        sha256=detail["sha256"],
        effective_on=date.fromisoformat(detail["effective_on"]),
        material=detail["material"],
        rule=detail["rule"],
        reason=detail["reason"],
        decided_by=detail["decided_by"],
    )
