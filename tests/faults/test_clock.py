"""A clock that is ahead when the house starts destroys nothing, and neither does one that is set right again."""

import asyncio
import shutil
from typing import Any

import httpx2
import pytest

from faults.machine import Machine, check_all, kept, rows, state_folder
from faults.sender import BOSS, Client, Mail
from faults.soak import shims
from faults.zone import named

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="NOT TESTED: apt-get install gcc libc6-dev"),
]

AHEAD_S = 400 * 86_400
DONE = 'gatepost_chore_runs_total{chore="expiry",end="done"}'


async def _expired(house: Machine, times: int) -> None:
    """Wait until expiry has run that often in this life of the house."""
    url = f"http://127.0.0.1:{house.running['metrics_port']}/metrics"
    async with asyncio.timeout(120), httpx2.AsyncClient(timeout=60, trust_env=False) as http:
        for _ in range(1_000):
            lines = (await http.get(url)).text.splitlines()
            if any(float(line.split()[-1]) >= times for line in lines if line.startswith(DONE)):
                return
            await asyncio.sleep(0.1)


async def test_a_clock_that_is_ahead_at_the_start_destroys_no_mail_and_no_key() -> None:
    async with named() as names:
        with state_folder() as folder:
            clock = folder / "clock"
            clock.write_text("0")
            said: dict[str, Any] = {
                "LD_PRELOAD": shims(folder)[0],
                "LD_JUMPING_CLOCK": str(clock),
                "GATEPOST_DNS__SERVERS": names,
                "GATEPOST_RETENTION__FREE_DAYS": "7",
                "GATEPOST_RETENTION__OTHER_DAYS": "7",
            }
            house = Machine(folder, **said)
            await asyncio.to_thread(house.start)
            try:
                await _lives_through(house, clock)
            finally:
                await asyncio.to_thread(house.stop)


async def _lives_through(house: Machine, clock: Any) -> None:
    async with Client.connected(house.port) as client:
        assert (await client.send(Mail("1-1", BOSS), house.recipient) or "").startswith("250")
    await _expired(house, 1)
    there, openings = await kept(house), rows(house, "select count(*) as count from opening")[0]["count"]
    assert len(there) == 1
    await asyncio.to_thread(house.kill)
    clock.write_text(str(AHEAD_S))
    await asyncio.to_thread(house.start_again)
    await _expired(house, 1)
    assert "retention.clock_ahead" in house.log()
    clock.write_text("0")
    await asyncio.to_thread(house.kill)
    await asyncio.to_thread(house.start_again)
    await _expired(house, 1)
    assert await kept(house) == there
    assert rows(house, "select count(*) as count from opening")[0]["count"] >= openings
    await check_all(house)
