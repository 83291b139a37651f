"""How busy the machine is, as background work knows it: how long its computing took, and how much it computed.

Computing waits for nothing but a processor, or for the interpreter, which the loop has meanwhile. So what it took
beyond its own CPU others had in its place: mail that is being taken, in whichever process, PostgreSQL, whatever else
runs here. An idle machine of any size says 1; no load average, no file of the system and no rate has to be known.
"""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

BUSY = 1.3
"""From here on others want the processors: of each 13 ms, computing had 10."""
TELLING_S = 0.01
"""CPU: what computed less says little, for the system lets who has slept go first."""

P = ParamSpec("P")
R = TypeVar("R")


class Pressure:
    """One for all background work of a process.

    Args:
        clock: seconds that pass.
        spent: seconds of CPU that the calling thread has used.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, spent: Callable[[], float] = time.thread_time
    ) -> None:
        self._clock, self._spent = clock, spent
        self._turn = asyncio.Lock()
        self._took_s = self._used_s = 0.0
        self.slowness = 1.0
        """How many times as long as its CPU the last computing took; 1 until some was done."""

    @property
    def is_busy(self) -> bool:
        """Others want the processors."""
        return self.slowness >= BUSY

    async def compute(self, work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
        """Return what ``work`` returns, which is done in a thread; one at a time, for two would wait for each other."""

        def measured() -> R:
            began_s, had_s = self._clock(), self._spent()
            try:
                return work(*given, **named)
            finally:
                self._took_s += self._clock() - began_s
                self._used_s += self._spent() - had_s

        async with self._turn:
            try:
                return await asyncio.to_thread(measured)
            finally:
                if self._used_s >= TELLING_S:
                    self.slowness = max(self._took_s / self._used_s, 1.0)
                    self._took_s = self._used_s = 0.0
