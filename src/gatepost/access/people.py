"""People: the humans of a tenant."""

from datetime import datetime

from gatepost.access import store
from gatepost.access.paper import PEOPLE_ROLES, AccessError, Person, Role, TakenError
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import PersonId, token
from gatepost.mail.address import Address


async def add_person(tx: Transaction, address: Address, role: Role, *, at: datetime, entropy: Entropy) -> Person:
    """Make a person.

    Raises:
        AccessError: the role is an agent's, and an agent is a program.
        TakenError: a person of this tenant has the address.
    """
    if role not in PEOPLE_ROLES:
        raise AccessError(f"a person is one of {', '.join(sorted(PEOPLE_ROLES))}")
    made = Person(PersonId(token("pe", entropy(10))), tx.tenant, address, role)
    if not await store.insert_person(tx, made, at):
        raise TakenError("a person of this tenant has that address already")
    return made


async def list_people(tx: Transaction) -> tuple[Person, ...]:
    """Return this tenant's people, oldest first."""
    return await store.people(tx)


async def person(tx: Transaction, person_id: PersonId) -> Person | None:
    """Return one of this tenant's people; None where there is no such person, or no longer."""
    return await store.person(tx, person_id)


async def person_at(tx: Transaction, address: Address) -> Person:
    """Return the person of that address; raises ``AccessError``."""
    found = next((each for each in await store.people(tx) if each.address.key == address.key), None)
    if found is None:
        raise AccessError("nobody of this tenant has that address: gatepost person list")
    return found


async def remove_person(tx: Transaction, person_id: PersonId) -> bool:
    """Forget a person; False where there is none."""
    return await store.delete_person(tx, person_id)
