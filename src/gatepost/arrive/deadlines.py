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

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be told that its time is over")
        end = asyncio.get_running_loop().time() + self._within_s
        self._ends[task] = end
        if self._timer is None:
            self._ring_at(end)

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        task = asyncio.current_task()
        if task is None or self._ends.pop(task, None) is not None:
            return
        if not task.uncancel() and isinstance(error, asyncio.CancelledError):  # else somebody else cancelled it too
            raise TimeoutError from error

    def _ring_at(self, end: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(end, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for task, end in tuple(self._ends.items()):
            if end > now:
                self._ring_at(end)
                return
            del self._ends[task]
            task.cancel()
