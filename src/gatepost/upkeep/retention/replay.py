"""After a restore, what was erased is erased again: before a door opens, and again with every round of expiry."""

from itertools import groupby

from gatepost.record import erase as entries
from gatepost.upkeep.retention.erase import carry_out, spelled
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.paper import Erasure


async def replay(keeper: Keeper) -> int:
    """Carry out whatever stands in the roll and was not done, or is undone; return how many erasures that were.

    A house that never erased anybody asks its database nothing.

    Raises:
        RollError: the roll cannot be read.
        BlobsUnavailableError: a store does not answer.
        DatabaseUnavailableError: the same of the database.
    """
    every = sorted(await keeper.roll.every(keeper.clock()), key=lambda each: each.tenant)
    done = 0
    for tenant, group in groupby(every, key=lambda each: each.tenant):
        erasures = list(group)
        keys = [key for erasure in erasures for key in erasure.keys]
        async with keeper.own.transaction(tenant) as tx:
            answered = await entries.answered(tx, [erasure.request for erasure in erasures])
            is_clean = not await entries.count_openings(tx, spelled(keys))
        keeper.own.keys.destroy_ids(tenant, keys)  # they live again where the key store was restored
        for erasure in erasures:
            if erasure.request not in answered or not (is_clean or await _is_clean(keeper, erasure)):
                await carry_out(keeper, erasure)
                done += 1
    return done


async def _is_clean(keeper: Keeper, erasure: Erasure) -> bool:
    async with keeper.own.transaction(erasure.tenant) as tx:
        return not await entries.count_openings(tx, spelled(erasure.keys))
