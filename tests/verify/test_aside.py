import asyncio
import threading
import time

import pytest

from gatepost.verify.aside import LARGE, PAGES, Aside


async def test_work_is_done_in_a_thread_of_its_own_and_its_answer_returned() -> None:
    def work(said: str, *, again: str) -> tuple[str, str]:
        return said + again, threading.current_thread().name

    said, name = await Aside("readers", 1).run(work, "a", again="b")
    assert said == "ab"
    assert name.startswith("readers")


async def test_what_the_work_raises_is_raised() -> None:
    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await PAGES.run(fail)


async def test_no_more_are_done_at_once_than_there_are_threads() -> None:
    under_way: list[int] = [0, 0]

    def work() -> None:
        under_way[0] += 1
        under_way[1] = max(under_way)
        time.sleep(0.02)  # in a thread
        under_way[0] -= 1

    threads = Aside("readers", 2)
    await asyncio.gather(*(threads.run(work) for _ in range(6)))
    assert under_way == [0, 2]


async def test_a_page_does_not_wait_for_megabytes() -> None:
    done = threading.Event()
    large = [asyncio.ensure_future(LARGE.run(done.wait, 20)) for _ in range(8)]
    async with asyncio.timeout(10):
        assert await PAGES.run(str, "page") == "page"
    assert not any(each.done() for each in large)
    done.set()
    assert all(await asyncio.gather(*large))
