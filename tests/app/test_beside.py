"""A call beside the loop: its answer, its error, and what becomes of one that hangs."""

import asyncio
import threading
from typing import Any, cast

import pytest

from gatepost.app.beside import Beside
from gatepost.app.reload import Changeable, Reloader


async def test_what_it_returns_and_raises_is_ours() -> None:
    beside = Beside()
    assert await beside(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await beside(lambda: 1 // 0)
    assert not beside.is_hanging


async def test_one_that_hangs_is_given_up_and_no_second_one_begun_meanwhile() -> None:
    beside, release, begun = Beside(within_s=0.05), threading.Event(), list[int]()

    def hang() -> None:
        begun.append(1)
        release.wait()

    for _ in range(2):
        with pytest.raises(TimeoutError):
            await beside(hang)
    assert beside.is_hanging
    assert begun == [1]
    release.set()
    while beside.is_hanging:
        threading.Event().wait(0.01)
    assert await beside(lambda: "again") == "again"


async def test_where_no_thread_is_to_be_had_it_is_refused_and_later_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    beside = Beside()
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", refuse)
        with pytest.raises(BlockingIOError):
            await beside(lambda: 7)
    assert not beside.is_hanging
    assert await beside(lambda: 7) == 7


@pytest.mark.parametrize("doors", [(), ("smtp",)])
async def test_a_house_outlives_a_shortage_of_threads_and_asks_for_none_without_certificates(
    monkeypatch: pytest.MonkeyPatch, doors: tuple[str, ...]
) -> None:
    asked, stop = list[threading.Thread](), asyncio.Event()

    def refuse(thread: threading.Thread) -> None:
        asked.append(thread)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    nothing = cast("Any", None)
    certificates = dict.fromkeys(doors, nothing)
    reloader = Reloader(nothing, nothing, Changeable(nothing, certificates), nothing, nothing)
    following = asyncio.ensure_future(reloader.run(asyncio.Event(), stop, poll_s=0.01))
    await asyncio.sleep(0.1)
    stop.set()
    await following
    assert (len(asked) > 1) == bool(doors)
