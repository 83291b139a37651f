"""How whoever looks again and again waits between two looks."""

import asyncio
from contextlib import suppress


async def pause(until: asyncio.Event, seconds: float) -> None:
    """Wait for the event, that long at the most; unlike ``asyncio.wait_for`` without a task of its own each time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until.wait()
