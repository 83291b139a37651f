import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from typing_extensions import override

from domains.scene import AGENT, A, own
from gatepost.db import Database
from gatepost.domains import Destination, Directory, add_route, remove_route
from gatepost.domains.directory import REMEMBERED_S
from gatepost.mail.address import Address

ADDRESS = Address.parse("agent@alpha.test")


@dataclass
class House:
    db: Database
    directory: Directory

    async def open(self) -> None:
        async with self.db.transaction(A) as tx:
            await add_route(tx, ADDRESS, AGENT)

    async def shut(self) -> None:
        async with self.db.transaction(A) as tx:
            await remove_route(tx, ADDRESS)


@pytest.fixture
async def house(db: Database) -> House:
    await own(db, A, "alpha.test")
    return House(db, Directory(db))


async def test_a_new_address_works_at_once(house: House) -> None:
    assert await house.directory.route(ADDRESS) is None
    await house.open()
    assert await house.directory.route(ADDRESS) == Destination(A, AGENT)


async def test_an_address_that_was_removed_is_forgotten_within_a_second(house: House) -> None:
    await house.open()
    assert await house.directory.route(ADDRESS) == Destination(A, AGENT)
    await house.shut()
    assert await house.directory.route(ADDRESS) == Destination(A, AGENT)
    await asyncio.sleep(REMEMBERED_S)
    assert await house.directory.route(ADDRESS) is None


async def test_the_bare_postmaster_is_remembered_as_well(house: House) -> None:
    found = await house.directory.route(None)
    assert found is not None
    assert found.is_postmaster
    assert await house.directory.route(None) is found


async def test_it_remembers_no_more_than_it_may(house: House) -> None:
    small = Directory(house.db, entries_max=2)
    await house.open()
    for tag in range(5):
        assert await small.route(Address.parse(f"agent+{tag}@alpha.test")) is not None
    assert len(small._known) == 2


async def test_what_is_known_is_said_without_asking(house: House) -> None:
    await house.open()
    assert house.directory.known(ADDRESS) is None
    found = await house.directory.route(ADDRESS)
    assert house.directory.known(ADDRESS) is found
    await asyncio.sleep(REMEMBERED_S)
    assert house.directory.known(ADDRESS) is None


class Counting(Directory):
    """Counts how often PostgreSQL is asked."""

    asked = 0

    @override
    async def _ask(self, address: Address | None, others: Sequence[Address] = ()) -> Destination | None:
        self.asked += 1
        return await super()._ask(address, others)


async def test_of_many_who_ask_at_once_one_asks_the_database(house: House) -> None:
    await house.open()
    directory = Counting(house.db)
    assert await asyncio.gather(*(directory.route(ADDRESS) for _ in range(32))) == [Destination(A, AGENT)] * 32
    assert directory.asked == 1


async def test_what_led_nowhere_when_another_asked_is_asked_again(house: House) -> None:
    directory = Counting(house.db)
    assert await asyncio.gather(*(directory.route(ADDRESS) for _ in range(3))) == [None] * 3
    assert directory.asked == 3


async def test_who_asked_first_may_give_up_without_the_others(house: House) -> None:
    await house.open()
    directory = Counting(house.db)
    async with asyncio.TaskGroup() as group:
        first, other = (group.create_task(directory.route(ADDRESS)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
    assert other.result() == Destination(A, AGENT)
    assert directory.asked == 2


async def test_what_is_wanted_often_is_asked_for_again_in_one_question(house: House) -> None:
    await house.open()
    directory = Counting(house.db)
    wanted = [Address.parse(f"agent+{tag}@alpha.test") for tag in range(20)]
    for _ in range(2):  # the second time from memory
        assert await asyncio.gather(*map(directory.route, wanted)) == [Destination(A, AGENT)] * 20
    assert directory.asked == 20
    await asyncio.sleep(REMEMBERED_S)
    for address in wanted:
        assert await directory.route(address) == Destination(A, AGENT)
    assert directory.asked == 21


async def test_what_was_removed_is_forgotten_also_where_another_is_asked_for(house: House) -> None:
    await house.open()
    other = Address.parse("other@alpha.test")
    async with house.db.transaction(A) as tx:
        await add_route(tx, other, AGENT)
    for _ in range(2):
        assert await asyncio.gather(*map(house.directory.route, (ADDRESS, other))) == [Destination(A, AGENT)] * 2
    await house.shut()
    await asyncio.sleep(REMEMBERED_S)
    assert await house.directory.route(other) == Destination(A, AGENT)
    assert house.directory.known(ADDRESS) is None
    assert await house.directory.route(ADDRESS) is None


async def test_whoever_comes_while_many_are_asked_for_asks_nothing(house: House) -> None:
    await house.open()
    directory = Counting(house.db)
    wanted = [Address.parse(f"agent+{tag}@alpha.test") for tag in range(20)]
    for _ in range(2):
        await asyncio.gather(*map(directory.route, wanted))
    await asyncio.sleep(REMEMBERED_S)
    assert await asyncio.gather(*map(directory.route, wanted)) == [Destination(A, AGENT)] * 20
    assert directory.asked == 21
