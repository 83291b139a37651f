"""What we tell the public, as values: claims, what a check found, and what is shown of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from gatepost.access.paper import HOUSE_PLAN
from gatepost.ids import EntryId, LeafIndex
from gatepost.record.paper import Json


class ClaimClass(StrEnum):
    """What a claim's truth rests on."""

    PROBE = "probe"  # asked from outside, as a stranger would
    INTROSPECTION = "introspection"  # read inside the house
    DRILL = "drill"  # played through
    LEDGER = "ledger"  # derived from leaves of the logs, whose time nobody can move
    ATTESTED = "attested"  # a named person's word, with a date and an end
    STATEMENT = "statement"  # nothing could prove it; shown with author and date


class Outcome(StrEnum):
    """What is shown of a claim. Only PASS is green."""

    PASS = "PASS"  # noqa: S105  # the word of the public contract
    FAIL = "FAIL"
    STALE = "STALE"  # it was looked at, too long ago
    COULD_NOT_VERIFY = "COULD_NOT_VERIFY"
    ATTESTED = "ATTESTED"
    NOT_APPLICABLE = "NOT_APPLICABLE"

    @property
    def is_green(self) -> bool:
        """Whether it may be shown as proven."""
        return self is Outcome.PASS


CADENCE = {
    ClaimClass.PROBE: timedelta(minutes=5),
    ClaimClass.INTROSPECTION: timedelta(minutes=15),
    ClaimClass.DRILL: timedelta(days=7),
    ClaimClass.LEDGER: timedelta(hours=1),
    ClaimClass.ATTESTED: timedelta(days=1),
    ClaimClass.STATEMENT: timedelta(days=1),
}
"""How often a claim is looked at where it does not say itself."""

LIVES = 3
"""A result is stale after so many cadences: two runs may be missed, a third may not."""

OWN_PLANS = frozenset({HOUSE_PLAN, "sandbox"})
"""Tenants that are nobody's customers: the house's own, and the one to try things out with."""
ABSENT = "feature.absent"
NEVER_RUN = "check.never_run"
VANISHED = "it is no longer in the operator's folder"
"""Why a claim is withdrawn that was taken out of the folder without a word."""
AHEAD = "clock.ahead"
AHEAD_MAX = timedelta(minutes=1)
"""How far ahead of the reader's clock a result may be dated: two machines of one house need not agree to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A named person's word."""

    by: str
    on: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One public sentence and what it stands on.

    Attributes:
        check: the id of the check that proves it; empty where it rests on an attestation alone.
        arguments: what the check is told, such as which contact.
        absent: what would have to be built before it could be checked; empty where nothing is missing.
        not_applicable: the operator's written reason why it does not concern this house; empty where it does.
        withdrawn: why and since when it is claimed no more; empty where it is claimed.
    """

    id: str
    text: str
    topic: str
    claim_class: ClaimClass
    owner: str
    cadence: timedelta
    check: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    attestation: Attestation | None = None
    absent: str = ""
    not_applicable: str = ""
    withdrawn: str = ""
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one run of a check came to: PASS, FAIL, ATTESTED or COULD_NOT_VERIFY.

    Attributes:
        value: what was measured or, of ATTESTED, what was declared; short.
        unit: of the value; empty for none.
        reason: ``subject.fact``, stable.
        until: the first moment from which it can no longer be said; None where it was looked at and ages by cadence.
    """

    outcome: Outcome
    value: Json = None
    unit: str = ""
    reason: str = ""
    until: datetime | None = None


def passed(value: Any, unit: str = "") -> Finding:
    """Return that it is as claimed."""
    return Finding(outcome=Outcome.PASS, value=value, unit=unit)


def failed(reason: str, value: Any = None, unit: str = "") -> Finding:
    """Return that it is not as claimed."""
    return Finding(outcome=Outcome.FAIL, value=value, unit=unit, reason=reason)


def attested(value: Any, until: datetime, unit: str = "") -> Finding:
    """Return that the operator's own records bear it out, which is a word and no measurement."""
    return Finding(outcome=Outcome.ATTESTED, value=value, unit=unit, until=until)


def borne_out(value: Any, until: datetime, unit: str = "", *, by_log: bool) -> Finding:
    """Return that people's work bears it out: proven where every step is an entry of a log, else a word."""
    outcome = Outcome.PASS if by_log else Outcome.ATTESTED
    return Finding(outcome=outcome, value=value, unit=unit, until=until)


def unverified(reason: str, value: Any = None) -> Finding:
    """Return that nobody could tell."""
    return Finding(outcome=Outcome.COULD_NOT_VERIFY, value=value, reason=reason)


class CannotVerifyError(Exception):
    """There is nothing to look at, or it cannot be looked at; ``reason`` is stable, as ``subject.fact``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One looked-at claim, as it goes into the public trust log.

    ``control``: what the same check said of its known-bad target; None where the claim has no check.
    """

    claim: str
    claim_class: ClaimClass
    text_sha256: str
    finding: Finding
    checked_at: datetime
    expires_at: datetime
    check_id: str = ""
    check_version: str = ""
    control: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A result as it is read back: what its leaf says, and where the leaf stands."""

    result: Result
    entry: EntryId
    leaf_index: LeafIndex | None


def rests_on(declared: ClaimClass, finding: Finding) -> ClaimClass:
    """Return what a result rests on: a word where it came to a word, whatever its claim is looked at for."""
    is_word = finding.outcome is Outcome.ATTESTED and declared is not ClaimClass.STATEMENT
    return ClaimClass.ATTESTED if is_word else declared


def status_of(claim: Claim, last: Shown | None, now: datetime) -> Outcome:
    """Return what is shown of a claim now: what was seen last, unless that has grown old or has yet to happen.

    A result dated ahead was stated under a clock that was wrong: for how long it may speak, nobody could tell.
    """
    if claim.not_applicable:
        return Outcome.NOT_APPLICABLE
    if last is None:
        return Outcome.COULD_NOT_VERIFY
    if last.result.checked_at > now + AHEAD_MAX:
        return Outcome.COULD_NOT_VERIFY
    if last.result.expires_at <= now:
        return Outcome.STALE
    return last.result.finding.outcome
