import asyncio

from gatepost.jobs.pause import pause


async def test_a_pause_ends_with_its_time_or_its_event() -> None:
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    began = loop.time()
    await pause(event, 0.05)
    assert loop.time() - began >= 0.05
    loop.call_later(0.01, event.set)
    async with asyncio.timeout(30):
        await pause(event, 60)
        await pause(event, 60)
    event.clear()
    await pause(event, 0)


async def test_whoever_calls_it_off_is_heard() -> None:
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        task = group.create_task(pause(asyncio.Event(), 60))
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()
