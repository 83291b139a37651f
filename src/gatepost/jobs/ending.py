"""Ending tasks that wait for the database."""

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_S = 0.5


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they are gone, however they end.

    Once is not enough: ``asyncio.wait_for`` of Python 3.11 loses a cancellation that arrives together with what it
    waits for (gh-86296), and psycopg waits with it.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
