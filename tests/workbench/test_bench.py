import asyncio
import threading

import pytest

from gatepost.workbench import Bench, BusyError


async def test_one_draft_is_worked_on_at_a_time_and_beside_the_loop() -> None:
    bench, inside, most = Bench(), 0, 0
    lock = threading.Lock()

    def work() -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        with lock:
            inside -= 1
        return threading.current_thread().name

    names = await asyncio.gather(*(bench.do(work) for _ in range(5)))
    assert most == 1
    assert all(name.startswith("workbench") for name in names)


async def test_whoever_would_wait_too_long_is_told_so_at_once() -> None:
    bench, go = Bench(waiting_max=1), threading.Event()
    first, second = (asyncio.ensure_future(bench.do(go.wait)) for _ in range(2))
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await bench.do(go.wait)
    go.set()
    assert all(await asyncio.gather(first, second))
    assert await bench.do(go.is_set)


async def test_an_error_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        await Bench().do(lambda: 1 // 0)
