import asyncio

from gatepost.jobs import end


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost == 2:
                    raise
                lost += 1

    tasks = [asyncio.ensure_future(deaf()), asyncio.ensure_future(asyncio.sleep(0))]
    await asyncio.sleep(0.01)
    async with asyncio.timeout(10):
        await end(tasks)
    assert lost == 2
    assert all(task.done() for task in tasks)


async def test_nothing_to_end_is_no_work() -> None:
    await end([])
