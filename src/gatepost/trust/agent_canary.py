"""The canary of hosted agents: its mailbox has an agent, its tenant has them off but for the time of one control.

Its turns are taken where they are looked at, and lead to a listener of our own: no model is ever asked.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatepost.act import hosted
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.record.trust_log import TRUST
from gatepost.trust import store
from gatepost.trust.telling import HOUSE

DOCUMENT = hosted.parse(
    {"name": "Canary", "instructions": "Say nothing.", "model": "none", "tools": [], "output_tokens_max": 1}
)


@asynccontextmanager
async def alone(db: Database) -> AsyncIterator[None]:
    """Let nobody else take a turn of the canary's meanwhile: whose switch it is would not be certain."""
    async with db.transaction(TRUST) as tx:
        await store.lock_turns(tx)
        yield


@asynccontextmanager
async def switched_on(house: House, tenant: TenantId) -> AsyncIterator[None]:
    """Have hosted agents on for this tenant, for a moment; both flips stand in its record."""
    async with alone(house.db):
        is_flipped = await _flip(house, tenant, is_on=True)
        try:
            yield
        finally:
            if is_flipped:  # where somebody had them on, that is the very thing to be found
                await _flip(house, tenant, is_on=False)


async def _flip(house: House, tenant: TenantId, *, is_on: bool) -> bool:
    async with house.db.transaction(tenant) as tx:
        return await hosted.switch(tx, is_on=is_on, at=house.clock(), actor=HOUSE, entropy=house.entropy)
