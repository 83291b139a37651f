"""When to tell a silent receiver again, and when to stop."""

from datetime import datetime, timedelta

_HOUR = 3_600
WAITS_S = (5, 15, 30, 60, 120, 300, 600, 1_800, _HOUR, 2 * _HOUR, 4 * _HOUR, *(8 * _HOUR,) * 8)
"""Seconds before each further attempt: quick enough for a restart, patient enough for a long week-end (72 h)."""


def next_attempt_at(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after ``attempts`` attempts, from 1; None where it is to be given up."""
    return now + timedelta(seconds=WAITS_S[attempts - 1]) if attempts <= len(WAITS_S) else None
