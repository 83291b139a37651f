"""How far work lags behind the mail: the one look across all tenants that only counts."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Numbers stop at 100,000; ages are seconds, 0 where nothing waits.

    Attributes:
        entries: entries of the record without a place in the log.
        log_lag_s: age of the oldest of them: the log is that far behind.
        jobs: promises not kept yet, whatever their time.
        jobs_due: those whose time has come.
        jobs_lag_s: how long ago the first of them that nobody works at was due.
        jobs_dead: promises given up, for a person to look at.
        unindexed: kept messages that are found by reading them, not through the index yet.
        unindexed_lag_s: age of the oldest of them.
        unindexed_entries: entries with a place in the log that are not in the index of the record; any number.
        unindexed_entries_lag_s: age of the oldest of them.
    """

    entries: int
    log_lag_s: float
    jobs: int
    jobs_due: int
    jobs_lag_s: float
    jobs_dead: int
    unindexed: int
    unindexed_lag_s: float
    unindexed_entries: int
    unindexed_entries_lag_s: float


async def backlog(db: Database, now: datetime) -> Backlog:
    """Return where the work stands.

    Raises:
        DatabaseUnavailableError: the database does not say, or takes no writes: then no work is done there.
    """
    await db.check_writes()
    (row,) = await db.look_up("select * from lookup_backlog(%(now)s)", now=now)
    (words,) = await db.look_up("select * from lookup_unindexed_backlog()")
    (record,) = await db.look_up("select * from lookup_unworded_backlog()")
    return Backlog(
        entries=row.entries_waiting,
        log_lag_s=age_s(row.entries_oldest, now),
        jobs=row.jobs_waiting,
        jobs_due=row.jobs_due,
        jobs_lag_s=age_s(row.jobs_oldest, now),
        jobs_dead=row.jobs_dead,
        unindexed=words.waiting,
        unindexed_lag_s=age_s(words.oldest, now),
        unindexed_entries=record.waiting,
        unindexed_entries_lag_s=age_s(record.oldest, now),
    )


def age_s(since: datetime | None, now: datetime) -> float:
    """Return how many seconds ago that was; 0 for what never was."""
    return max((now - since).total_seconds(), 0.0) if since else 0.0
