"""A call beside the loop: its answer, its error, and what becomes of one that hangs."""

import threading

import pytest

from gatepost.app.beside import Beside


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
