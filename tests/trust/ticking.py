"""Hours that pass by the trust log: what a house at work states once an hour, stated at once."""

from datetime import datetime, timedelta

from gatepost.db import Database
from gatepost.ids import LeafIndex
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import heads, store
from gatepost.trust.log_time import LogTime, Tick
from record.papers import counting

HOUR = timedelta(hours=1)


def log_after(since: datetime, passed: timedelta) -> LogTime:
    """Return the time by a log that has a leaf for every hour since then, and one for this moment."""
    times = [since + HOUR * number for number in range(1, passed // HOUR + 1)] + [since + passed]
    return LogTime(since + passed, [Tick(at, LeafIndex(1_000 + place)) for place, at in enumerate(times)])


async def hours_pass(db: Database, since: datetime, hours: int, *, first: int = 1) -> datetime:
    """State the heads of so many hours after ``since``, beginning with the one so numbered; return the last's time."""
    times = [since + HOUR * number for number in range(first, first + hours)]
    facts = [Fact(action=heads.STATED, at=at, object_ref="heads", detail={"root": "", "width": 8}) for at in times]
    async with db.transaction(TRUST) as tx:
        entries = await trust_log.state(tx, facts, entropy=counting(11))
        for entry, at in zip(entries, times, strict=True):
            await store.add_fact(tx, entry, subject=heads.SUBJECT, outcome="stated", at=at)
    return times[-1]
