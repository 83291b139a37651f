import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from typing_extensions import override

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import TenantId
from gatepost.jobs.resting import POLL_S, Resting
from gatepost.keys import ErasedError, KeyringError, KeyStore, Kind

ONE, OTHER = TenantId("tn_a"), TenantId("tn_b")


@dataclass
class Queue:
    """Pieces of work by tenant, and what was done."""

    pieces: dict[TenantId, int]
    troubles: list[Exception] = field(default_factory=list)
    forgotten: list[TenantId] = field(default_factory=list)


class Counting(Resting):
    """Indexes numbers."""

    name = "numbers"

    def __init__(self, db: Database, queue: Queue) -> None:
        super().__init__(db)
        self.queue = queue

    @override
    async def waiting(self) -> Sequence[TenantId]:
        if self.queue.troubles and isinstance(self.queue.troubles[0], DatabaseUnavailableError):
            raise self.queue.troubles.pop(0)
        return [tenant for tenant, left in self.queue.pieces.items() if left]

    @override
    async def indexed(self) -> Sequence[TenantId]:
        return list(self.queue.pieces)

    @override
    async def index(self, tenant: TenantId) -> int:
        if tenant == ONE and self.queue.troubles:
            raise self.queue.troubles.pop(0)
        self.queue.pieces[tenant] -= 1
        self.has_more |= self.queue.pieces[tenant] > 0
        return 1

    @override
    async def forget(self, tenant: TenantId) -> int:
        self.queue.forgotten.append(tenant)
        return 1


async def test_a_round_takes_one_piece_of_each_tenant(db: Database) -> None:
    one = Counting(db, Queue({ONE: 2, OTHER: 1}))
    assert [await one.round() for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("trouble", [KeyringError("x"), ErasedError("x")])
async def test_what_does_not_open_delays_its_tenant_alone(db: Database, trouble: Exception) -> None:
    one = Counting(db, Queue({ONE: 1, OTHER: 1}, troubles=[trouble]))
    assert [await one.round() for _ in range(3)] == [1, 1, 0]


async def test_tokens_are_looked_through_once_after_each_destruction(db: Database, keys: KeyStore) -> None:
    one = Counting(db, Queue({ONE: 0}))
    assert [await one.sweep(), await one.sweep()] == [1, 0]
    keys.destroy(ONE, Kind.SUBJECT, keys.subject_name(ONE, "boss@corp.example"))
    assert [await one.sweep(), await one.sweep()] == [1, 0]
    assert one.queue.forgotten == [ONE, ONE]


async def test_it_runs_until_it_is_stopped_also_past_a_database_that_was_away(db: Database) -> None:
    one = Counting(db, Queue({ONE: 3}, troubles=[DatabaseUnavailableError("away")]))
    stop = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(one.run(stop))
        while one.queue.pieces[ONE]:  # noqa: ASYNC110  # it says nothing when it is done
            await asyncio.sleep(0.01)
        stop.set()


async def test_it_waits_for_company_unless_more_than_a_piece_waits(db: Database) -> None:
    """One message after the other would cost a round each."""
    one, stop = Counting(db, Queue({ONE: 40, OTHER: 0})), asyncio.Event()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        began = loop.time()
        group.create_task(one.run(stop))
        while one.queue.pieces[ONE]:  # noqa: ASYNC110  # it says nothing when it is done
            await asyncio.sleep(0.01)
        assert loop.time() - began < 40 * POLL_S / 4
        one.queue.pieces[OTHER] = 1
        began = loop.time()
        while one.queue.pieces[OTHER]:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)
        assert loop.time() - began > POLL_S / 2
        stop.set()
