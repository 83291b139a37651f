"""How long PostgreSQL's answers are waited for: a server that hangs never says so (docs/adr/0116)."""

import asyncio

import psycopg
from psycopg.pq.abc import PGresult

LOOK_S = 1.0


class SilenceError(psycopg.OperationalError):
    """No answer came in time; whether the statement was executed, nobody knows."""


class Waits:
    """The answers that are waited for over the connections of one pool.

    Time is counted in looks, one a second, and not read from a clock: where this process itself was stopped for a
    while, the answers that came meanwhile are heard before their time is up.

    Args:
        answer_s: how long for each, as a rule.
    """

    def __init__(self, answer_s: float) -> None:
        self._most_s = answer_s
        self._until: dict[asyncio.Future[PGresult], float] = {}  # by the count of looks
        self._looks = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def most_s(self) -> float:
        """How long each is waited for from now on, at the most."""
        return self._most_s

    async def answer(self, done: asyncio.Future[PGresult], within_s: float | None = None) -> PGresult:
        """Return an answer once it is there.

        Raises:
            SilenceError: it did not come ``within_s``, or within the time that is the rule where that is less.
            psycopg.Error: it is a failure.
        """
        most_s = self._most_s if within_s is None else min(within_s, self._most_s)
        self._until[done] = self._looks + most_s / LOOK_S
        if self._timer is None:
            self._timer = done.get_loop().call_later(LOOK_S, self._look)
        try:
            return await done
        finally:
            del self._until[done]

    def hurry(self, answer_s: float) -> None:
        """Wait no longer than that for each from now on, nor for those that are waited for already."""
        self._most_s = min(self._most_s, answer_s)
        latest = self._looks + self._most_s / LOOK_S
        self._until = {done: min(until, latest) for done, until in self._until.items()}

    def _look(self) -> None:
        self._looks += 1
        for done, until in self._until.items():
            if until <= self._looks and not done.done():
                done.set_exception(SilenceError("no answer in time"))
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look) if self._until else None
