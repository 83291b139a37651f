"""When to tell a silent receiver again, and when to stop: pure arithmetic."""

from dataclasses import replace
from datetime import datetime, timedelta

from gatepost.act.paper import Health

_HOUR = 3_600
WAITS_S = (5, 15, 30, 60, 120, 300, 600, 1_800, _HOUR, 2 * _HOUR, 4 * _HOUR, *(8 * _HOUR,) * 8)
"""Seconds before each further attempt: quick enough for a restart, patient enough for a long week-end (72 h)."""

JITTER = 0.2
"""How far a wait strays, so that receivers that fell together are not all asked together when they rise."""

ASKED_MAX_S = 4 * _HOUR
"""How long a receiver may ask us to wait (Retry-After)."""

STRIKES = 3
"""Attempts in a row not heard, after which the endpoint is asked by one event alone until it answers."""

REST_MAX_S = 300
"""The longest pause between two such questions: a receiver that is back hears within five minutes."""

WARN_AFTER = timedelta(hours=1)
STOP_AFTER = timedelta(hours=72)


def next_attempt_at(attempts: int, now: datetime, *, chance: float, asked_s: int = 0) -> datetime | None:
    """Return when to try again after ``attempts`` attempts, from 1; None where it is to be given up.

    Args:
        attempts: made so far.
        now: aware time of the failure just seen.
        chance: from 0 to 1, drawn anew each time.
        asked_s: what the receiver asked for.
    """
    if attempts > len(WAITS_S):
        return None
    wait_s = strayed(WAITS_S[attempts - 1], chance)
    return now + timedelta(seconds=max(wait_s, min(asked_s, ASKED_MAX_S)))


def strayed(wait_s: float, chance: float) -> float:
    """Return a wait up to a fifth shorter or longer."""
    return wait_s * (1 + JITTER * (2 * chance - 1))


def heard() -> Health:
    """Return how an endpoint fares that just answered."""
    return Health()


def unheard(before: Health, now: datetime, *, chance: float, asked_s: int = 0) -> Health:
    """Return how an endpoint fares that just did not; one that fails for an hour is warned of."""
    failures, since = before.failures + 1, before.failing_since or now
    step = min(failures - STRIKES, len(WAITS_S) - 1)
    rest_s = strayed(min(WAITS_S[step], REST_MAX_S), chance) if failures >= STRIKES else 0.0
    wait_s = max(rest_s, min(asked_s, ASKED_MAX_S))
    is_late = now - since >= WARN_AFTER
    return replace(
        before,
        failures=failures,
        failing_since=since,
        warned_at=before.warned_at or (now if is_late else None),
        due_at=now + timedelta(seconds=wait_s) if wait_s else None,
    )


def is_hopeless(health: Health, now: datetime) -> bool:
    """Tell whether an endpoint has not been heard of for three days, and is to be told nothing any more."""
    return health.failing_since is not None and now - health.failing_since >= STOP_AFTER
