"""What was claimed long ago: rows nobody asks for any more."""

from datetime import timedelta

from gatepost import access
from gatepost.deliver import store as queue
from gatepost.upkeep.retention.keeper import Keeper

CLAIMS_KEPT = timedelta(days=2)
"""Twice as long as a claim holds."""


async def sweep_claims(keeper: Keeper) -> int:
    """Forget old claims of every tenant; return how many rows. What webhooks were told, ``act`` forgets itself.

    Raises:
        DatabaseUnavailableError: the database does not answer.
    """
    before, count = keeper.past() - CLAIMS_KEPT, 0
    for tenant in await access.list_recorded(keeper.db):
        async with keeper.own.transaction(tenant.id) as tx:
            count += await queue.forget_claims(tx, before)
    return count
