"""How much time has passed by the public trust log: hours it has a leaf for, whatever a clock says. Pure.

A house at work states its tenants' heads once an hour (``heads``). Each such leaf is a tick. An hour counts once, and
only where a tick in a signed head bears it out: a clock set ahead adds the hour it points at and no more, one set back
adds none, and hours in which the house was off are missing until as many others have passed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.ids import LeafIndex
from gatepost.trust.uptime import hour_of

CLOCK = timedelta(days=30)
"""How long a notice runs."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A leaf that says an hour; ``place`` is where it stands under a signed head."""

    at: datetime
    place: LeafIndex


@dataclass(frozen=True, slots=True)
class LogTime:
    """The ticks, and the time at which they are read: what is dated ahead of it says nothing."""

    now: datetime
    ticks: Sequence[Tick]

    def passed(self, at: datetime, place: LeafIndex) -> timedelta:
        """Return how long ago by the log a leaf was stated that is dated ``at`` and stands in ``place``."""
        later = self._after(at, place)
        witnessed = HOUR * len({hour_of(each.at) for each in later})
        return min(witnessed, self._shown(at, later))

    def obstacle(self, at: datetime, place: LeafIndex) -> str:
        """Return why a notice given by that leaf is not over, as ``subject.fact``; empty where it is.

        ``notice.unwitnessed``: by the date of the youngest leaf it would be, and too few hours between bear it out.
        """
        if self.passed(at, place) >= CLOCK:
            return ""
        return "notice.running" if self._shown(at, self._after(at, place)) < CLOCK else "notice.unwitnessed"

    def _after(self, at: datetime, place: LeafIndex) -> list[Tick]:
        return [each for each in self.ticks if each.place > place and at < each.at <= self.now]

    @staticmethod
    def _shown(at: datetime, later: Sequence[Tick]) -> timedelta:
        return max((each.at for each in later), default=at) - at
