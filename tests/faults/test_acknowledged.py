"""Splunk's acknowledgements, with the exporting process and the collector killed in turn while two logs grow.

The collector is a process of its own that loses, when it is killed, what it took and had not indexed. What the house
calls exported is indexed at every moment; at the end nothing is missing, and each tenant's order was kept.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.exporter import TURN_EVENTS
from faults.test_export import TENANTS, Town, firsts, settled
from gatepost.ids import ExportId, TenantId
from gatepost.upkeep import siem
from gatepost.upkeep.siem.engine import TURNS_UNCONFIRMED_MAX
from ports import free_port

pytestmark = pytest.mark.timeout(900)

COLLECTOR = Path(__file__).parent / "collector.py"
INDEXES_AFTER_S = 0.3
UP_FOR_S = (0.0, 0.2)
WITHIN_S = 180
AHEAD_BATCHES = 4
AGAIN_MAX = TURN_EVENTS * TURNS_UNCONFIRMED_MAX
"""What may wait for its acknowledgement when the collector dies, and is sent again then."""


@dataclass
class Collector:
    """The collector, and what it has indexed."""

    port: int
    file: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(COLLECTOR), str(self.port), str(self.file), str(INDEXES_AFTER_S)),
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self.process.stdout is not None
        assert await self.process.stdout.readline() == b"ready\n"

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def takes(self) -> None:
        """Wait until it takes another batch."""
        taken = self.file.with_suffix(".taken")
        before = taken.stat().st_size if taken.exists() else 0
        async with asyncio.timeout(WITHIN_S):
            while not taken.exists() or taken.stat().st_size == before:
                await asyncio.sleep(0.005)

    def indexed(self, tenant: TenantId) -> list[int]:
        """Return the places of a tenant's events, in the order they were indexed."""
        found = []
        for line in self.file.read_text().splitlines() if self.file.exists() else []:
            try:
                each = json.loads(line)
            except json.JSONDecodeError:  # it was killed amid it
                continue
            if each["log_origin"].endswith(f"/{tenant}"):
                found.append(each["leaf_index"])
        return found


@pytest.fixture
async def collector(tmp_path: Path) -> AsyncIterator[Collector]:
    made = Collector(free_port(), tmp_path / "indexed")
    await made.start()
    yield made
    await made.kill()


async def exported(town: Town, tenant: TenantId, identifier: ExportId) -> siem.Status:
    async with town.db.transaction(tenant) as tx:
        found = await siem.find(tx, identifier)
    assert found is not None
    return found


async def test_what_is_called_exported_is_indexed_whoever_dies(
    app_dsn: str, tmp_path: Path, collector: Collector, *, nightly: bool
) -> None:
    rounds, chance = 12 if nightly else 4, random.Random(seed := random.SystemRandom().randrange(1 << 32))
    print(f"seed {seed}")  # first of all: it is needed where this fails
    lost = 0
    async with settled(app_dsn, tmp_path) as town:
        url = f"http://127.0.0.1:{collector.port}"
        made = {tenant: await town.add(tenant, siem.Kind.SPLUNK, url, ack=True) for tenant in TENANTS}
        town.size = 1
        for number in range(rounds + 1):
            await town.grow()
            exporter = await town.begin(number)
            try:
                if number == rounds:
                    await all_is_sent(town, made)
                    break
                await collector.takes()
                await asyncio.sleep(chance.uniform(*UP_FOR_S))
                if number % 2:
                    await collector.kill()
                    lost += 1
                    await collector.start()
                    await asyncio.sleep(chance.uniform(*UP_FOR_S))
            finally:
                exporter.kill()
                await exporter.wait()
            for tenant, identifier in made.items():
                said, there = await exported(town, tenant, identifier), collector.indexed(tenant)
                assert set(range(said.next_index)) <= set(there), "called exported, and not indexed"
        repeated = 0
        for tenant in TENANTS:
            there = collector.indexed(tenant)
            assert firsts(there) == list(range(town.size)), f"{tenant}: out of order, or with a gap"
            again = len(there) - town.size
            assert again <= (rounds + lost) * AGAIN_MAX
            repeated += again
            print(f"{rounds} kills of the exporter, {lost} of the collector: {town.size} events, {again} again")
        assert repeated, "nobody died while anything was on its way: nothing was put to the test"


async def test_a_killed_exporter_sends_again_one_turn_at_the_most(
    app_dsn: str, tmp_path: Path, collector: Collector, *, nightly: bool
) -> None:
    rounds = 12 if nightly else 4
    async with settled(app_dsn, tmp_path) as town:
        tenant = TENANTS[0]
        made = {tenant: await town.add(tenant, siem.Kind.SPLUNK, f"http://127.0.0.1:{collector.port}", ack=True)}
        town.size, was_ahead = 1, 0
        for number in range(rounds + 1):
            await town.grow()
            exporter = await town.begin(number)
            try:
                for _ in range(AHEAD_BATCHES if number < rounds else 0):
                    await collector.takes()
                if number == rounds:
                    await all_is_sent(town, made)
            finally:
                exporter.kill()
                await exporter.wait()
            was_ahead += len((await exported(town, tenant, made[tenant])).ahead)
        there = collector.indexed(tenant)
        assert firsts(there) == list(range(town.size))
        print(f"{rounds} kills of the exporter: {town.size} events, {len(there) - town.size} again")
        assert len(there) - town.size <= rounds * (TURN_EVENTS + 1)
        assert was_ahead, "nothing waited for its acknowledgement: nothing was put to the test"


async def all_is_sent(town: Town, made: dict[TenantId, ExportId]) -> None:
    async with asyncio.timeout(WITHIN_S):
        for tenant, identifier in made.items():
            while (await exported(town, tenant, identifier)).lag:
                await asyncio.sleep(0.05)
