import pytest

from access.scene import AT, SEEDED, A, B
from gatepost.access import AccessError, Role, TakenError, add_person, list_people, person, remove_person
from gatepost.db import Database
from gatepost.mail.address import Address

ADA = Address.parse("Ada@example.test")


async def test_people_are_added_listed_and_removed(house: Database) -> None:
    async with house.transaction(A) as tx:
        ada = await add_person(tx, ADA, Role.APPROVER, at=AT, entropy=SEEDED)
        assert await list_people(tx) == (ada,)
        assert (ada.address, ada.role) == (ADA, Role.APPROVER)
        assert await person(tx, ada.id) == ada
        assert await remove_person(tx, ada.id)
        assert not await remove_person(tx, ada.id)
        assert await list_people(tx) == ()
        assert await person(tx, ada.id) is None


async def test_a_person_is_not_an_agent(house: Database) -> None:
    async with house.transaction(A) as tx:
        with pytest.raises(AccessError, match="approver, auditor, owner"):
            await add_person(tx, ADA, Role.AGENT, at=AT, entropy=SEEDED)


async def test_one_address_is_one_person_of_a_tenant_but_may_be_in_two(house: Database) -> None:
    async with house.transaction(A) as tx:
        await add_person(tx, ADA, Role.OWNER, at=AT, entropy=SEEDED)
        with pytest.raises(TakenError):
            await add_person(tx, Address.parse("ada@example.test"), Role.AUDITOR, at=AT, entropy=SEEDED)
    async with house.transaction(B) as tx:
        await add_person(tx, ADA, Role.OWNER, at=AT, entropy=SEEDED)
