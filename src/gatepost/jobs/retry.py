"""When to run a job again that ended unexpectedly, and when to stop: pure arithmetic."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an unexpected failure is borne: with the defaults 24 tries over about four hours.

    Long enough for a database, a disk or an object store to be mended by a person who was asleep. A handler that
    knows its own schedule raises ``TryAgainError`` instead and is not counted here.
    """

    first_wait_s: float = 1
    wait_max_s: float = 900
    failures_max: int = 24

    def next_at(self, failures: int, *, now: datetime) -> datetime | None:
        """Return when to run again: doubling from the first wait; None once patience has run out.

        Args:
            failures: unexpected ends in a row, from 1, the one just seen included.
            now: aware time of the failure just seen.
        """
        if failures >= self.failures_max:
            return None
        doublings = min(failures - 1, 60)  # beyond that the bound holds anyway, and floats stay finite
        return now + timedelta(seconds=min(self.first_wait_s * 2.0**doublings, self.wait_max_s))


def whereabouts(error: BaseException) -> str:
    """Return the error's type and the line that raised it; never its text, which may quote somebody's mail."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return type(error).__name__
    return f"{type(error).__name__} in {place.tb_frame.f_globals.get('__name__', '?')} line {place.tb_lineno}"
