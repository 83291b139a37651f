"""The time that has surely passed: what cannot be undone goes by it, and not by the clock alone (docs/adr/0161).

How far the clock is ahead of the time this house has run stays the same while both are right. A clock that is set, or
was wrong when the house started, changes it at once. That it stayed for a day of running is taken for the proof that it
is right: the least of the last day counts. Thus a clock that is ahead makes nothing older, one that is set back is
followed at once, and what passed while the house was down is made up for a day later.
"""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import structlog

from gatepost.app.state import write_private
from gatepost.clock import UNKNOWN, Clock

FILE, CONFIRMED = "clock.json", "clock.confirmed"
AHEAD_SAID = timedelta(hours=1)
"""How far the clock may be ahead of what has surely passed before anybody is told."""
SETTLES_S = 86_400
"""How long the house has run by a clock before it counts as right."""
LEADS_MAX = 2_000
"""Of a day of minutes there are fewer; lives that end within a minute add one each, and no time."""
_STEP_S = 60
"""Steps in which it is noted how far the clock is ahead: less is what a clock drifts in a day."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Standing:
    """How the clock stands to what has surely passed; ``ahead_s`` None where that is not known yet.

    ``settles_in_s``: how long the house is still to run until the clock counts as right.
    """

    ahead_s: float | None
    settles_in_s: float


class Past:
    """A clock for what cannot be undone; each process has one, and the one that serves keeps it in the state folder.

    Args:
        state: the state folder. Where nothing is known there, nothing has surely passed until the house has run a day.
        clock: the house's.
        monotonic: seconds, which nobody can set.
    """

    def __init__(self, state: Path, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._monotonic = monotonic
        self._at = monotonic()
        self._ran_s, self._leads = _read(state / FILE)
        self._obey()

    def __call__(self) -> datetime:
        """Return the latest time that has surely passed; ``UNKNOWN`` where nobody can tell."""
        now = self._look()
        lead = self._leads[0][0]
        return min(now, datetime.fromtimestamp(self._ran_s + lead, UTC)) if lead else UNKNOWN

    def standing(self) -> Standing:
        """Return how the clock stands."""
        now, past = self._clock(), self()
        last = self._leads[-1][0]
        doubted = [at for lead, at in self._leads if lead < last]
        settles_in_s = max(doubted[-1] + SETTLES_S - self._ran_s, 0.0) if doubted else 0.0
        return Standing(None if past == UNKNOWN else (now - past).total_seconds(), settles_in_s)

    async def keep(self) -> None:
        """Write down what this process has seen, and heed an operator's word; the state folder may be away."""
        is_confirmed = self._obey()
        self._look()
        try:
            await asyncio.to_thread(
                write_private, self._state / FILE, {"ran_s": self._ran_s, "leads": list(self._leads)}
            )
            if is_confirmed:
                (self._state / CONFIRMED).unlink(missing_ok=True)
        except OSError as error:
            log.warning("clock.unkept", error=os.strerror(error.errno or 0))

    def confirm(self) -> datetime:
        """Let an operator say that the clock is right this moment, and return what it says.

        A house that is up hears of it within a minute. What the clock does later is doubted as ever.

        Raises:
            OSError: the state folder cannot be written.
        """
        now = self._clock()
        write_private(self._state / CONFIRMED, {"at": now.timestamp()})
        self._obey()
        return now

    def _look(self) -> datetime:
        """Note how far the clock is ahead of the time the house has run, and forget what is a day ago."""
        at, now = self._monotonic(), self._clock()
        self._ran_s += at - self._at
        self._at = at
        self._note(now.timestamp() - self._ran_s)
        while self._leads[0][1] < self._ran_s - SETTLES_S:
            del self._leads[0]
        return now

    def _note(self, lead_s: float) -> None:
        """Keep the leads that are below all later ones, each with when it was last seen."""
        lead = int(lead_s // _STEP_S) * _STEP_S
        while self._leads and self._leads[-1][0] >= lead:
            del self._leads[-1]
        if len(self._leads) < LEADS_MAX:
            self._leads.append((lead, self._ran_s))
        else:  # the lower one stands for it: more is doubted, and not less
            self._leads[-1] = self._leads[-1][0], self._ran_s

    def _obey(self) -> bool:
        """Take it that so late it surely was when an operator said so; False where none did."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            at = float(orjson.loads((self._state / CONFIRMED).read_bytes())["at"])
            self._leads.clear()
            self._note(at - self._ran_s)
            return True
        return False


def _read(path: Path) -> tuple[float, list[tuple[int, float]]]:
    """Return how long the house has run, and the leads; where nothing can be read it begins, and knows nothing."""
    try:
        note = orjson.loads(path.read_bytes())
        leads = [(int(lead), float(at)) for lead, at in note["leads"]]
        if leads:
            return float(note["ran_s"]), leads
    except (OSError, ValueError, TypeError, KeyError):
        pass
    return 0.0, [(0, 0.0)]
