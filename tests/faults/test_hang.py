"""A PostgreSQL that hangs and does not say so: the house answers 451, and ends when it is told to."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from faults.machine import Machine, state_folder
from faults.sender import Client, Mail

pytestmark = pytest.mark.timeout(300)

ENDS_WITHIN_S = 58
"""Whoever stops the house waits for a minute, and kills it then."""


def _processes(house: Machine) -> list[int]:
    """Return those of the house's PostgreSQL."""
    data = (next(house.state.glob("postgres-*/data"))).resolve()
    found = []
    for pid in house.tree():
        with suppress(OSError):
            if Path(f"/proc/{pid}/cwd").readlink() == data:
                found.append(pid)
    return found


async def _send(house: Machine, number: int) -> str:
    async with Client.connected(house.port) as client:
        return await client.send(Mail(f"hang-{number}"), house.recipient)


async def test_a_house_whose_postgres_hangs_answers_451_and_ends_in_time() -> None:
    with state_folder() as folder:
        house = Machine(folder, GATEPOST_DNS__TIMEOUT_S="0.2")
        await asyncio.to_thread(house.start)
        assert house.up is not None
        assert (await _send(house, 0)).startswith("250 ")
        for pid in _processes(house):
            os.kill(pid, signal.SIGSTOP)
        waiting = [asyncio.ensure_future(_send(house, number)) for number in range(1, 4)]
        await asyncio.sleep(2)
        began = time.monotonic()
        code = await asyncio.to_thread(house.stop)
        assert time.monotonic() - began < ENDS_WITHIN_S
        assert code == 0, house.log()
        said = await asyncio.gather(*waiting, return_exceptions=True)
        assert not [each for each in said if not isinstance(each, OSError) and str(each)[:1] != "4"], said
        await asyncio.to_thread(house.start_again)
        assert (await _send(house, 4)).startswith("250 ")
        assert await asyncio.to_thread(house.stop) == 0
