"""Where drafts are worked on beside the mail: one at a time, in a thread, and a few that wait."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class BusyError(Exception):
    """So many drafts wait already that another would only wait in vain."""


class Bench:
    """Does what takes processor time for one draft after the other, so that no caller can take it from the mail."""

    def __init__(self, *, waiting_max: int = 8) -> None:
        self._waiting_max = waiting_max
        self._count = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workbench")

    async def do(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns.

        Raises:
            BusyError: too many wait.
        """
        if self._count > self._waiting_max:
            raise BusyError
        self._count += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._count -= 1
