"""How many conversations a destination has at once, so that one that hangs leaves room for all others.

A destination has a few. Each answer gives it one more, up to a bound; one that lets us wait in vain has a few again.
Who finds no room waits here for a moment where the destination is answering, and is put off where it is not, or where
many wait already: waiting, too, takes room that others need. Put off, they come back about as fast as answers come.
Whoever owns many domains gets no more than half of the house's places by them. What nothing is under way to, is
forgotten.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.silence import Silences

CONVERSATIONS = 64
"""Of the whole house at once."""

AT_ONCE = 16
"""With one destination; and as many may wait for those."""

REGISTRANT = CONVERSATIONS // 2
"""With all domains of one registrant, those that wait included."""

FIRST = 4
PATIENCE_S = 5.0
"""After the last answer, how long a destination counts as one that is answering."""

SMOOTHED = 8
"""So much of what is known of the time from answer to answer is from the last one: an eighth."""


@dataclass(frozen=True, slots=True)
class Pause:
    """How long somebody is put off: ``least_s``, and ``gap_s`` at most behind who was put off before."""

    least_s: float
    gap_s: float


BRIEF = Pause(1, 0.05)
LONG = Pause(30, 0.2)
"""Where nothing answers. The gaps bound what looking again costs, however many are put off."""


class CrowdedError(Exception):
    """No room now; there may be some ``after_s`` seconds from now."""

    def __init__(self, after_s: float) -> None:
        super().__init__(after_s)
        self.after_s = after_s


@dataclass(slots=True, kw_only=True)
class _Turns:
    """When the last of each tenant that was put off comes back; ``gap_s``: from answer to answer, about."""

    heard_at: float
    gap_s: float = BRIEF.gap_s
    last_at: dict[str, float] = field(default_factory=dict)

    def patience_s(self, at: float) -> float:
        """Return for how long it counts as answering; 0 or less: it does not."""
        return self.heard_at + PATIENCE_S - at

    def hear(self, at: float) -> None:
        """Note an answer."""
        if self.patience_s(at) <= 0:
            self.last_at.clear()  # nobody need stand behind those who came when there was none
        self.gap_s += (min(at - self.heard_at, BRIEF.gap_s) - self.gap_s) / SMOOTHED
        self.heard_at = at

    def next(self, tenant: str, at: float) -> CrowdedError:
        """Give the next turn behind it: nobody stands behind another tenant's thousands."""
        pause = Pause(BRIEF.least_s, self.gap_s) if self.patience_s(at) > 0 else LONG
        self.last_at = {each: last for each, last in self.last_at.items() if last > at}
        gap_s = pause.gap_s * len({*self.last_at, tenant})  # all tenants together look as often as one would
        turn_at = self.last_at[tenant] = max(at + pause.least_s, self.last_at.get(tenant, at) + gap_s)
        return CrowdedError(turn_at - at)


@dataclass(slots=True)
class _Registrant:
    """Who owns domains; ``places``: that those have together."""

    turns: _Turns
    places: int = 0


@dataclass(slots=True)
class _Destination:
    """One that something is under way to, or waits for."""

    turns: _Turns
    at_once: int = FIRST
    under_way: int = 0
    waiting: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class Traffic:
    """One for all deliveries of a process. ``clock``: seconds that pass."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.silences = Silences(clock)
        self._clock = clock
        self._known: dict[str, _Destination] = {}
        self._registrants: dict[str, _Registrant] = {}

    @asynccontextmanager
    async def toward(
        self, name: str, registrant: str = "", tenant: str = ""
    ) -> AsyncIterator[Callable[[Attempt], None]]:
        """Hold a place for one conversation; yield what is to be told what came of it.

        Args:
            name: of the domain, or of the relay.
            registrant: who owns the domain; empty for the relay.
            tenant: whose conversation it is.

        Raises:
            CrowdedError: there is none, and waiting for one would take room that others need.
        """
        now = self._clock()
        owner = self._registrants.setdefault(registrant, _Registrant(_Turns(heard_at=now)))
        if registrant and owner.places >= REGISTRANT:
            raise owner.turns.next(tenant, now)
        destination = self._known.setdefault(name, _Destination(_Turns(heard_at=now)))
        owner.places += 1
        try:
            while destination.under_way >= destination.at_once:
                await self._wait(destination, tenant)
            destination.under_way += 1
            try:
                yield lambda made: self._tell(owner, destination, made)
            finally:
                destination.under_way -= 1
                destination.freed.set()
        finally:
            owner.places -= 1
            if not owner.places:
                del self._registrants[registrant]
            if not (destination.under_way or destination.waiting):
                self._known.pop(name, None)

    def _tell(self, owner: _Registrant, destination: _Destination, made: Attempt) -> None:
        """Note what came of a conversation: whoever said anything at all is answering."""
        if made.result is AttemptResult.DEFERRED and not made.reply_code:
            destination.at_once = FIRST
            return
        now = self._clock()
        destination.turns.hear(now)
        owner.turns.hear(now)
        destination.at_once = min(destination.at_once + 1, AT_ONCE)

    async def _wait(self, destination: _Destination, tenant: str) -> None:
        """Wait until a place was given back."""
        now = self._clock()
        left_s = destination.turns.patience_s(now)
        if left_s <= 0 or destination.waiting >= AT_ONCE:
            raise destination.turns.next(tenant, now)
        destination.waiting += 1
        destination.freed.clear()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await destination.freed.wait()
        finally:
            destination.waiting -= 1
