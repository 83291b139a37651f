"""How long the loop is held by work that others have to wait for."""

import asyncio
import gc
import time
from collections.abc import Awaitable

LEAST_S = 0.0001


async def held(work: Awaitable[object]) -> tuple[float, float]:
    """Do the work; return the longest time the loop's thread computed without a turn for others, and all such times.

    CPU seconds, so that other processes do not count.
    """
    running, spent = asyncio.ensure_future(work), []
    gc.disable()  # a look at all that the suite has made takes 10 ms; a house keeps its own apart (app/process.py)
    try:
        while not running.done():
            began = time.thread_time()
            await asyncio.sleep(0)
            spent.append(time.thread_time() - began)
    finally:
        gc.enable()
    await running
    return max(spent), sum(each for each in spent if each > LEAST_S)
