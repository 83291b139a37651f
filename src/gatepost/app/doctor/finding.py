"""One thing the doctor saw, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: a failure keeps the house from doing what it promises, a warning may."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and the next step where there is one to take.

    Attributes:
        check: ``subject.fact``, stable, explained in docs/runbooks/doctor.md.
        said: one sentence for the operator.
        next_step: what to do; where all is well a hint, or empty.
    """

    check: str
    level: Level
    said: str
    next_step: str = ""


def ok(check: str, said: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(check, Level.OK, said)


def warning(check: str, said: str, next_step: str) -> Finding:
    """Return a finding that may keep the house from its work."""
    return Finding(check, Level.WARNING, said, next_step)


def failure(check: str, said: str, next_step: str) -> Finding:
    """Return a finding that does."""
    return Finding(check, Level.FAILURE, said, next_step)


def worst(findings: Iterable[Finding]) -> Level:
    """Return the worst level there is; OK where there is none."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)
