import asyncio
from dataclasses import dataclass

import pytest

from gatepost.jobs.pressure import BUSY, TELLING_S, Pressure


@dataclass
class Machine:
    """What passes, and what of it the computing thread has a processor for."""

    now_s: float = 0.0
    used_s: float = 0.0

    def computes(self, used_s: float, waits_s: float = 0.0) -> str:
        self.now_s += used_s + waits_s
        self.used_s += used_s
        return "done"


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def pressure(machine: Machine) -> Pressure:
    return Pressure(lambda: machine.now_s, lambda: machine.used_s)


async def test_a_machine_of_its_own_is_not_busy_however_much_is_computed(machine: Machine, pressure: Pressure) -> None:
    assert not pressure.is_busy
    for _ in range(100):
        assert await pressure.compute(machine.computes, 0.5) == "done"
    assert (pressure.slowness, pressure.is_busy) == (1.0, False)


async def test_who_has_to_wait_for_a_processor_knows_that_others_want_it(machine: Machine, pressure: Pressure) -> None:
    await pressure.compute(machine.computes, 0.02, waits_s=0.02)
    assert pressure.slowness == pytest.approx(2.0)
    assert pressure.is_busy


async def test_the_last_computing_says_it(machine: Machine, pressure: Pressure) -> None:
    await pressure.compute(machine.computes, 0.02, waits_s=0.02)
    await pressure.compute(machine.computes, 0.02, waits_s=0.02 * (BUSY - 1) / 2)
    assert not pressure.is_busy


async def test_short_computing_says_something_together_only(machine: Machine, pressure: Pressure) -> None:
    each_s = TELLING_S / 4
    said = [(await pressure.compute(machine.computes, each_s, waits_s=each_s), pressure.is_busy) for _ in range(5)]
    assert [is_busy for _, is_busy in said][:3] == [False] * 3
    assert pressure.is_busy


async def test_what_fails_is_counted_and_fails(pressure: Pressure, machine: Machine) -> None:
    def fails() -> None:
        machine.computes(0.02, waits_s=0.1)
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await pressure.compute(fails)
    assert pressure.is_busy


async def test_two_do_not_take_each_other_for_what_they_make_way_for() -> None:
    pressure, at_work, most = Pressure(), 0, 0
    loop = asyncio.get_running_loop()

    def note(change: int) -> None:
        nonlocal at_work, most
        at_work += change
        most = max(most, at_work)

    def work() -> None:
        for change in (1, -1):
            asyncio.run_coroutine_threadsafe(asyncio.to_thread(note, change), loop).result()

    await asyncio.gather(*(pressure.compute(work) for _ in range(4)))
    assert most == 1
