"""How each log is read through, look by look, and what was found wrong in it and is not mended. Pure.

A look reads on where the one before it stopped, so that every entry is read within ``PERIOD``. A place that was found
inconsistent is read at each look until it is sound there: what a look does not come by it does not forgive.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

PERIOD = timedelta(days=1)
"""Within which a whole log is read again."""
LOOK_MAX = 512
"""Bundles one look reads of one log at most: 131,072 entries."""
SHARED = 256
"""Bundles of all logs together that a look reads at least, so that small logs are read wholly each time."""
FOUND_MAX = 100
"""Places that are remembered, of each kind: one is enough to fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How far one log was read.

    Attributes:
        next_bundle: with which the next look goes on.
        looked_at: the last look.
        since: when the pass under way began.
        whole_at: when the last pass ended; None before the first has.
        bundles: bundles of entries that were found inconsistent.
        heads: sizes of signed checkpoints that the newest one did not extend.
    """

    next_bundle: int = 0
    looked_at: datetime
    since: datetime
    whole_at: datetime | None = None
    bundles: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found that is not mended."""
        return not (self.bundles or self.heads)

    def is_late(self, now: datetime) -> bool:
        """Tell whether part of the log was not read for two periods."""
        return now - (self.whole_at or self.since) > 2 * PERIOD


def begun(now: datetime) -> Reading:
    """Return where the first look at a log begins."""
    return Reading(looked_at=now, since=now)


def chosen(reading: Reading, bundles: int, logs: int, now: datetime) -> list[int]:
    """Return the bundles a look reads on with, in order, of a log that has so many; of so many logs."""
    share = max(0.0, (now - reading.looked_at) / PERIOD)
    count = min(bundles, LOOK_MAX, max(1, SHARED // logs, int(bundles * share) + 1))
    first = reading.next_bundle if reading.next_bundle < bundles else 0
    return list(range(first, min(bundles, first + count)))


def after(
    reading: Reading,
    read: Collection[int],
    bundles: int,
    now: datetime,
    *,
    bad: Collection[int],
    heads: Collection[int],
) -> Reading:
    """Return how far it was read with these bundles; ``bad`` and ``heads`` are all that is not sound now."""
    found = tuple(sorted(bad)[:FOUND_MAX]), tuple(sorted(heads)[:FOUND_MAX])
    end = max(read, default=-1) + 1
    on = replace(reading, next_bundle=end, looked_at=now, bundles=found[0], heads=found[1])
    return replace(on, next_bundle=0, since=now, whole_at=now) if end >= bundles else on
