"""How many conversations a destination has at once, so that one that hangs leaves room for all others.

A destination has a few. Each answer gives it one more, up to a bound; one that lets us wait in vain has a few again.
Who finds no room waits here for a moment where the destination is answering, and is put off where it is not, or where
many wait already: waiting, too, takes room that others need. Whoever owns many domains gets no more than half of the
house's places by them. What nothing is under way to is forgotten.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from gatepost.deliver.paper import Attempt, AttemptResult

CONVERSATIONS = 64
"""Of the whole house at once."""

AT_ONCE = 16
"""With one destination; and as many may wait for those."""

REGISTRANT = CONVERSATIONS // 2
"""With all domains of one registrant, those that wait included."""

FIRST = 4
PATIENCE_S = 5.0
"""After the last answer, how long a destination counts as one that is answering."""


@dataclass(frozen=True, slots=True)
class Pause:
    """How long somebody is put off: ``least_s``, and ``gap_s`` behind who was put off before."""

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


@dataclass(slots=True)
class _Turns:
    """When the last that was put off comes back."""

    last_at: float = 0.0

    def next(self, pause: Pause, *, at: float) -> CrowdedError:
        """Give the next turn behind it."""
        self.last_at = max(at + pause.least_s, self.last_at + pause.gap_s)
        return CrowdedError(self.last_at - at)


@dataclass(slots=True)
class _Registrant:
    """Who owns domains; ``places``: that those have together."""

    places: int = 0
    turns: _Turns = field(default_factory=_Turns)


@dataclass(slots=True, kw_only=True)
class _Destination:
    """One that something is under way to, or waits for."""

    heard_at: float
    at_once: int = FIRST
    under_way: int = 0
    waiting: int = 0
    turns: _Turns = field(default_factory=_Turns)
    freed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, made: Attempt, *, at: float) -> None:
        """Note what came of a conversation: whoever said anything at all is answering."""
        if made.result is AttemptResult.DEFERRED and not made.reply_code:
            self.at_once = FIRST
        else:
            self.heard_at = at
            self.at_once = min(self.at_once + 1, AT_ONCE)


class Traffic:
    """One for all deliveries of a process. ``clock``: seconds that pass."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, _Destination] = {}
        self._registrants: dict[str, _Registrant] = {}

    @asynccontextmanager
    async def toward(self, name: str, registrant: str = "") -> AsyncIterator[Callable[[Attempt], None]]:
        """Hold a place for one conversation; yield what is to be told what came of it.

        Args:
            name: of the domain, or of the relay.
            registrant: who owns the domain; empty for the relay.

        Raises:
            CrowdedError: there is none, and waiting for one would take room that others need.
        """
        owner = self._registrants.setdefault(registrant, _Registrant())
        if registrant and owner.places >= REGISTRANT:
            raise owner.turns.next(LONG, at=self._clock())
        destination = self._known.setdefault(name, _Destination(heard_at=self._clock()))
        owner.places += 1
        try:
            while destination.under_way >= destination.at_once:
                await self._wait(destination)
            destination.under_way += 1
            try:
                yield lambda made: destination.tell(made, at=self._clock())
            finally:
                destination.under_way -= 1
                destination.freed.set()
        finally:
            owner.places -= 1
            if not owner.places:
                del self._registrants[registrant]
            if not (destination.under_way or destination.waiting):
                self._known.pop(name, None)

    async def _wait(self, destination: _Destination) -> None:
        """Wait until a place was given back."""
        is_answering = (left_s := destination.heard_at + PATIENCE_S - self._clock()) > 0
        if not is_answering or destination.waiting >= AT_ONCE:
            raise destination.turns.next(BRIEF if is_answering else LONG, at=self._clock())
        destination.waiting += 1
        destination.freed.clear()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await destination.freed.wait()
        finally:
            destination.waiting -= 1
