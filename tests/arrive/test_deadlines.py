import asyncio

import pytest

from gatepost.arrive.deadlines import Deadlines


async def work(deadlines: Deadlines, seconds: float) -> str:
    with deadlines:
        await asyncio.sleep(seconds)
    return "done"


async def test_whoever_is_in_time_is_left_alone_and_each_of_the_others_is_ended_at_its_own_time() -> None:
    deadlines = Deadlines(0.1)
    loop = asyncio.get_running_loop()
    ended: list[float] = []

    async def late(after_s: float) -> None:
        await asyncio.sleep(after_s)
        began = loop.time()
        with pytest.raises(TimeoutError):
            await work(deadlines, 60)
        ended.append(loop.time() - began)

    done = await asyncio.gather(work(deadlines, 0), late(0), late(0.05), late(0.06), work(deadlines, 0.02))
    assert (done[0], done[-1]) == ("done", "done")
    assert len(ended) == 3
    assert min(ended) >= 0.09


async def test_it_serves_again_after_a_pause_and_after_somebody_was_late() -> None:
    deadlines = Deadlines(0.02)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await work(deadlines, 60)
        assert await work(deadlines, 0) == "done"
        await asyncio.sleep(0.05)


async def test_whoever_was_late_is_no_longer_being_cancelled() -> None:
    async def go_on() -> int:
        with pytest.raises(TimeoutError):
            await work(Deadlines(0.01), 60)
        task = asyncio.current_task()
        return task.cancelling() if task else -1

    assert await go_on() == 0


async def test_a_cancellation_by_somebody_else_stays_one() -> None:
    task = asyncio.ensure_future(work(Deadlines(60), 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_by_somebody_else_stays_one_even_where_the_time_is_over_too() -> None:
    deadlines = Deadlines(0.01)

    async def holds_on() -> str:
        with deadlines:
            try:
                return await work(Deadlines(60), 60)
            except asyncio.CancelledError:
                holding = asyncio.current_task()
                assert holding
                holding.cancel()
                raise

    with pytest.raises(asyncio.CancelledError):
        await asyncio.ensure_future(holds_on())


async def test_an_error_passes() -> None:
    with pytest.raises(KeyError), Deadlines(60):
        raise KeyError


async def test_a_second_deadline_of_one_task_is_a_mistake_and_takes_nothing_from_the_first() -> None:
    deadlines = Deadlines(0.05)

    async def twice() -> None:
        with deadlines:
            with pytest.raises(RuntimeError), deadlines:
                pass
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await twice()
