"""How long each of many tasks may take, with one timer for all of them."""

import asyncio
from types import TracebackType
from typing import Any


class Deadlines:
    """What runs in its context ends with ``TimeoutError`` after ``within_s`` seconds, as in ``asyncio.timeout``.

    That makes a timer for each use and takes it down again, and hardly one of a million is ever needed. Here all may
    take the same time, so whoever began first is over first, and one timer, set to the first, is moved when it rings.
    No task may enter it twice at once.
    """

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._ends: dict[asyncio.Task[Any], float] = {}  # the first to be over first
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> None:
        if self._loop is None:  # remembered: each time asyncio is asked for it, it asks the kernel who we are
            self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("only a task can be told that its time is over")
        if task in self._ends:
            raise RuntimeError("a task has one deadline at a time")
        end = self._loop.time() + self._within_s
        self._ends[task] = end
        if self._timer is None:
            self._timer = self._loop.call_at(end, self._ring, self._loop)

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        task = asyncio.current_task(self._loop)
        if task is None or self._ends.pop(task, None) is not None:
            return
        if not task.uncancel() and isinstance(error, asyncio.CancelledError):  # else somebody else cancelled it too
            raise TimeoutError from error

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for task, end in tuple(self._ends.items()):
            if end > now:
                self._timer = loop.call_at(end, self._ring, loop)
                return
            del self._ends[task]
            task.cancel()
