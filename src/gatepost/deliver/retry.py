"""When to try again, and when to stop."""

from datetime import datetime, timedelta

GIVE_UP_AFTER = timedelta(days=5)
"""RFC 5321 section 4.5.4.1: at least four to five days."""

_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(hours=4)


def next_attempt_at(
    attempts: int, *, submitted_at: datetime, now: datetime, past: datetime | None = None
) -> datetime | None:
    """Return when to try again: 5 min, doubling, at most 4 h; None once five days are over.

    deviation: RFC 5321 section 4.5.4.1 advises 30 min before the first retry; agents cannot wait.

    Args:
        attempts: attempts already made, from 1.
        submitted_at: when it was queued, aware UTC.
        now: aware UTC time of the failure just seen.
        past: the time that has surely passed, if that is asked for: a clock that is ahead gives up nothing then.
    """
    if (past or now) - submitted_at >= GIVE_UP_AFTER:
        return None
    factor = 1 << min(attempts - 1, 10)  # the wait has long reached its longest by then
    return now + min(_FIRST_WAIT * factor, _LONGEST_WAIT)


def again_at(*, since: datetime, now: datetime) -> datetime | None:
    """Return when to try again what nobody counts the attempts of: each wait as long as all of them before.

    Args:
        since: when it was to go, aware UTC.
        now: aware UTC time of the failure just seen.
    """
    if now - since >= GIVE_UP_AFTER:
        return None
    return now + min(max(now - since, _FIRST_WAIT), _LONGEST_WAIT)
