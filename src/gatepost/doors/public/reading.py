"""One reading for everybody who looks, and no visitor kept waiting by a database that neither answers nor hangs up.

A stopped PostgreSQL or a lost route leaves a query open for as long as it lasts, and a query cannot be called off
without the server. So what a page needs is read by a task of its own: visitors wait for it, only so long.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Generic, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatepost.clock import Clock
from gatepost.db import DatabaseUnavailableError

T = TypeVar("T")

PATIENCE_S = 3.0
_SAFE = frozenset({"GET", "HEAD"})


class Reading(Generic[T]):
    """What was read last, read anew when it has grown old; a crowd is one reading and not a crowd of readings.

    Under steady use the next reading is made while the last one still serves, so that nobody waits for it.

    Args:
        read: reads it.
        clock: the house's.
        fresh: how old a reading may be that is handed out.
        patience_s: how long a visitor waits for a new one.
    """

    def __init__(
        self,
        read: Callable[[], Coroutine[Any, Any, T]],
        clock: Clock,
        fresh: timedelta,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._read, self._clock, self._fresh, self._patience_s = read, clock, fresh, patience_s
        self._task: asyncio.Task[T] | None = None
        self._begun_s = 0.0
        self.last: T | None = None
        """What was read last, however old; None before the first time."""
        self._last_at = clock()

    async def look(self) -> T:
        """Return a reading that is fresh.

        Raises:
            DatabaseUnavailableError: it takes too long; and whatever the reading raises.
        """
        age = self._clock() - self._last_at
        is_known = self.last is not None and timedelta() <= age < self._fresh
        if self._task is None and not (is_known and age < self._fresh / 2):
            self._task = asyncio.create_task(self._once())  # noqa: TID251  # it outlives who asks
            self._task.add_done_callback(_heed)
            self._begun_s = asyncio.get_running_loop().time()
        if is_known and self.last is not None:
            return self.last
        if self._task is None:
            raise RuntimeError("nothing fresh is known, and nobody reads")
        waited_s = asyncio.get_running_loop().time() - self._begun_s
        done, _ = await asyncio.wait({self._task}, timeout=max(0.0, self._patience_s - waited_s))
        if not done:
            raise DatabaseUnavailableError("it does not answer")
        return done.pop().result()

    async def _once(self) -> T:
        at = self._clock()
        try:
            self.last = await self._read()
            self._last_at = at
            return self.last
        finally:
            self._task = None


class Patient:
    """An application whose pages are answered for it, where it has not begun to answer in time.

    Forms are waited for: whoever sent one must hear what became of it.

    Args:
        app: whose pages.
        late: says that it cannot be shown now.
        patience_s: longer than that of the readings within.
    """

    def __init__(self, app: ASGIApp, late: ASGIApp, patience_s: float = 2 * PATIENCE_S) -> None:
        self._app, self._late, self._patience_s = app, late, patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in _SAFE:
            await self._app(scope, receive, send)
            return
        begun = asyncio.Event()
        is_late = False

        async def said(message: Message) -> None:
            begun.set()
            if not is_late:  # somebody else has answered by now
                await send(message)

        work = asyncio.create_task(_served(self._app(scope, receive, said)))  # noqa: TID251  # it may be left behind
        work.add_done_callback(_heed)
        try:
            await asyncio.wait({work}, timeout=self._patience_s)
            if work.done() or begun.is_set():
                await work
                return
        except asyncio.CancelledError:
            work.cancel()
            raise
        is_late = True
        await self._late(scope, receive, send)


async def _served(work: Awaitable[None]) -> None:
    await work


def _heed(task: asyncio.Task[Any]) -> None:
    """Look at a failure that nobody may be left to ask for."""
    if not task.cancelled():
        task.exception()
