"""How long the loop is held by work that others have to wait for."""

import asyncio
import time
from collections.abc import Awaitable

LEAST_S = 0.0001


async def held(work: Awaitable[object]) -> tuple[float, float]:
    """Do the work; return the longest time the loop's thread computed without a turn for others, and all such times.

    CPU seconds, so that other processes do not count.
    """
    running, spent = asyncio.ensure_future(work), []
    while not running.done():
        began = time.thread_time()
        await asyncio.sleep(0)
        spent.append(time.thread_time() - began)
    await running
    return max(spent), sum(each for each in spent if each > LEAST_S)
