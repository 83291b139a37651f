import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from typing_extensions import override

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import TenantId
from gatepost.jobs.pressure import Pressure
from gatepost.jobs.resting import LATE, LONGEST_S, POLL_S, REST, YIELD_S, YIELDING, Resting
from gatepost.keys import ErasedError, KeyringError, KeysAwayError, KeysDamagedError, KeyStore, KeysUnusableError, Kind

ONE, OTHER = TenantId("tn_a"), TenantId("tn_b")
PIECE_S = 0.04
"""What a piece takes on a machine of its own."""


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
        self.pressure = Pressure()
        super().__init__(db, self.pressure)
        self.queue = queue
        self.now_s = 1_000_000.0

    @override
    async def waiting(self) -> Sequence[TenantId]:
        if self.queue.troubles and isinstance(self.queue.troubles[0], DatabaseUnavailableError | KeysUnusableError):
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
        self.now_s += PIECE_S * self.pressure.slowness
        self.has_more |= self.queue.pieces[tenant] > 0
        return 1

    async def turns(self, until_s: float) -> None:
        """Take turns and rests until then, by a clock of its own."""
        while self.now_s < until_s:
            self.now_s += await self.turn(lambda: self.now_s)

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


async def test_a_tenant_whose_words_cannot_be_forgotten_delays_nobody_else(db: Database) -> None:
    class Damaged(Counting):
        @override
        async def forget(self, tenant: TenantId) -> int:
            if tenant == ONE:
                raise KeyringError("x")
            return await super().forget(tenant)

    one = Damaged(db, Queue({ONE: 0, OTHER: 0}))
    assert await one.sweep() == 1
    assert one.queue.forgotten == [OTHER]


async def test_words_that_could_not_be_forgotten_are_forgotten_later(db: Database) -> None:
    class Delayed(Counting):
        @override
        async def forget(self, tenant: TenantId) -> int:
            if tenant == ONE and self.queue.troubles:
                raise self.queue.troubles.pop()
            return await super().forget(tenant)

    one = Delayed(db, Queue({ONE: 0, OTHER: 0}, troubles=[KeyringError("x"), KeyringError("x")]))
    assert [await one.sweep() for _ in range(4)] == [1, 0, 1, 0]
    assert one.queue.forgotten == [OTHER, ONE]


@pytest.mark.parametrize("trouble", [DatabaseUnavailableError("away"), KeysAwayError("away"), KeysDamagedError("x")])
async def test_it_runs_until_it_is_stopped_also_past_a_database_or_keys_that_were_away(
    db: Database, trouble: Exception
) -> None:
    one = Counting(db, Queue({ONE: 3}, troubles=[trouble]))
    stop = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(one.run(stop))
        while one.queue.pieces[ONE]:  # noqa: ASYNC110  # it says nothing when it is done
            await asyncio.sleep(0.01)
        stop.set()


async def test_it_does_not_go_on_in_silence_where_no_key_will_ever_be_read(db: Database) -> None:
    class Keyless(Counting):
        @override
        async def waiting(self) -> Sequence[TenantId]:
            raise KeyringError("the key store is empty")

    async with asyncio.timeout(10):
        with pytest.raises(KeyringError, match="empty"):
            await Keyless(db, Queue({ONE: 3})).run(asyncio.Event())


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


async def test_what_is_more_than_a_piece_is_indexed_at_once_where_nobody_else_wants_the_processors(
    db: Database,
) -> None:
    one = Counting(db, Queue({ONE: 100}))
    began_s = one.now_s
    assert await one.turn(lambda: one.now_s) == pytest.approx(REST * PIECE_S)
    await one.turns(began_s + 100 * PIECE_S * (1 + REST) + POLL_S)
    assert one.queue.pieces[ONE] == 0


async def test_an_idle_house_looks_every_second(db: Database) -> None:
    one = Counting(db, Queue({ONE: 0}))
    assert await one.turn(lambda: one.now_s) == POLL_S
    one.queue.pieces[ONE] = 1
    assert await one.turn(lambda: one.now_s) == POLL_S
    assert one.queue.pieces[ONE] == 0


async def test_it_makes_way_for_who_wants_the_processors(db: Database) -> None:
    """Also where no more than a piece waits: else it would take as much in a piece each second."""
    one = Counting(db, Queue({ONE: 0}))
    await one.turn(lambda: one.now_s)
    one.pressure.slowness = 3.0
    for pieces in (1_000, 1):
        one.queue.pieces[ONE] = pieces
        assert await one.turn(lambda: one.now_s) == pytest.approx(YIELDING * PIECE_S)
    assert YIELDING * PIECE_S > POLL_S


async def test_it_makes_way_no_longer_than_it_says_and_then_takes_the_more_the_longer_something_waits(
    db: Database,
) -> None:
    one = Counting(db, Queue({ONE: 0}))
    await one.turns(one.now_s + 1)
    one.pressure.slowness, one.queue.pieces[ONE], began_s = 3.0, 100_000, one.now_s
    await one.turns(began_s + YIELD_S)
    few = 100_000 - one.queue.pieces[ONE]
    assert few * PIECE_S < YIELD_S / 30
    late = [await one.turn(lambda: one.now_s)]
    assert late[0] == pytest.approx(LATE * PIECE_S, rel=0.1)
    for minutes in (1, 2, 10):
        await one.turns(began_s + minutes * 60)
        late.append(await one.turn(lambda: one.now_s))
    assert late == sorted(late, reverse=True)
    assert late[-1] < PIECE_S / 5


async def test_however_busy_the_machine_what_waits_is_indexed_within_a_minute(db: Database) -> None:
    """Half a minute of a thousand messages a second, where all takes twice as long as it would alone."""
    one = Counting(db, Queue({ONE: 0}))
    await one.turns(one.now_s + 1)
    one.pressure.slowness, one.queue.pieces[ONE], began_s = 2.0, 170, one.now_s
    await one.turns(began_s + 60)
    assert one.queue.pieces[ONE] == 0


async def test_once_nobody_else_wants_the_processors_it_catches_up(db: Database) -> None:
    one = Counting(db, Queue({ONE: 0}))
    await one.turns(one.now_s + 1)
    one.pressure.slowness, one.queue.pieces[ONE] = 3.0, 100
    await one.turn(lambda: one.now_s)
    one.pressure.slowness = 1.0
    assert await one.turn(lambda: one.now_s) == pytest.approx(REST * PIECE_S)


async def test_what_waited_for_a_house_to_start_waits_for_nobody_else(db: Database) -> None:
    one = Counting(db, Queue({ONE: 100}))
    one.pressure.slowness = 3.0
    assert await one.turn(lambda: one.now_s) == pytest.approx(LATE * PIECE_S, rel=0.1)


async def test_many_tenants_make_no_rest_so_long_that_what_was_erased_stays(db: Database) -> None:
    one = Counting(db, Queue({}))
    await one.turn(lambda: one.now_s)
    one.pressure.slowness = 3.0
    one.queue.pieces = {TenantId(f"tn_{number}"): 2 for number in range(100)}
    assert await one.turn(lambda: one.now_s) == LONGEST_S
