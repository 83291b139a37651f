"""A look at every claim now, asked of the house that is up: nobody brings settings, a folder or a clock.

The engine that serves the public page makes the round, and says when all it saw is stated.
"""

from datetime import timedelta

from gatepost.db import Database
from gatepost.ids import token
from gatepost.journey import House
from gatepost.record.trust_log import TRUST
from gatepost.trust import store

KEPT = timedelta(days=1)
_ID_OCTETS = 16


async def ask(house: House) -> str:
    """Ask for a round, and return the name under which it is answered."""
    name = token("lk", house.entropy(_ID_OCTETS))
    async with house.db.transaction(TRUST) as tx:
        await store.add_look(tx, name, house.clock())
    return name


async def is_answered(db: Database, name: str) -> bool:
    """Tell whether a round that began after it was asked for is over, and all it saw is stated."""
    async with db.transaction(TRUST) as tx:
        return await store.is_looked(tx, name)


async def waiting(db: Database) -> list[str]:
    """Return the rounds that are asked for."""
    async with db.transaction(TRUST) as tx:
        return await store.open_looks(tx)


async def answer(house: House, names: list[str]) -> None:
    """Say that a round is over which began after these were asked for; forget old ones."""
    now = house.clock()
    async with house.db.transaction(TRUST) as tx:
        await store.answer_looks(tx, names, now)
        await store.forget_looks(tx, house.past() - KEPT)
