import asyncio
from dataclasses import dataclass

import pytest

from domains.scene import AGENT, A, own
from gatepost.db import Database
from gatepost.domains import Destination, Directory, add_route, directory, remove_route
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
    await asyncio.sleep(directory.REMEMBERED_S)
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
    await asyncio.sleep(directory.REMEMBERED_S)
    assert house.directory.known(ADDRESS) is None
