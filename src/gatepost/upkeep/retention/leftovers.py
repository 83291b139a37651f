"""What was promised and settled long ago: rows nobody asks for any more."""

from datetime import timedelta

from gatepost import access
from gatepost.act import store as hooks
from gatepost.deliver import store as queue
from gatepost.upkeep.retention.keeper import Keeper

SETTLED_KEPT = timedelta(days=30)
CLAIMS_KEPT = timedelta(days=2)
"""Twice as long as a claim holds."""


async def sweep_leftovers(keeper: Keeper) -> int:
    """Forget settled webhook deliveries and old claims of every tenant; return how many rows.

    Raises:
        DatabaseUnavailableError: the database does not answer.
    """
    now, count = keeper.clock(), 0
    for tenant in await access.list_tenants(keeper.db):
        async with keeper.own.transaction(tenant.id) as tx:
            count += await hooks.forget_settled(tx, now - SETTLED_KEPT)
            count += await queue.forget_claims(tx, now - CLAIMS_KEPT)
    return count
