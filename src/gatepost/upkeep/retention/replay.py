"""After a restore, what was erased is erased again: before a door opens, and again with every round of expiry."""

from itertools import groupby

import structlog

from gatepost.keys import Kind
from gatepost.record import erase as entries
from gatepost.upkeep.retention.erase import carry_out
from gatepost.upkeep.retention.hold import HoldError
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.paper import Erasure
from gatepost.upkeep.retention.several import spelled

log = structlog.get_logger()


async def replay(keeper: Keeper) -> int:
    """Carry out whatever stands in the roll and was not done, or is undone; return how many erasures that were.

    A house that never erased anybody asks its database nothing. What a hold has stopped waits for its release.

    Raises:
        RollError: the roll cannot be read, or not be given what only its copy had.
        BlobsUnavailableError: a store does not answer.
        DatabaseUnavailableError: the same of the database.
    """
    every = sorted(await keeper.roll.complete(keeper.clock()), key=lambda each: each.tenant)
    done = 0
    for tenant, group in groupby(every, key=lambda each: each.tenant):
        erasures = list(group)
        keys = [key for erasure in erasures for key in erasure.keys]
        async with keeper.own.transaction(tenant) as tx:
            answered = await entries.answered(tx, [erasure.request for erasure in erasures])
            is_clean = not await entries.count_openings(tx, spelled(keys))
        finished = [
            erasure
            for erasure in erasures
            if erasure.request in answered and (is_clean or await _is_clean(keeper, erasure))
        ]
        again = {key for erasure in finished for key in erasure.keys}
        keeper.own.keys.destroy_ids(tenant, again)  # they live again where the key store was restored
        done += sum([await _carried_out(keeper, each) for each in erasures if each not in finished])
    return done


async def _carried_out(keeper: Keeper, erasure: Erasure) -> bool:
    """Do it, unless a hold stopped it; of whom the keys are dead, a hold would only keep what nobody can read."""
    alive = {*keeper.own.keys.ids(erasure.tenant, Kind.SUBJECT, erasure.name)} & {*erasure.keys}
    try:
        await carry_out(keeper, erasure, is_final=not alive)
    except HoldError:
        log.warning("erasure.held", tenant=erasure.tenant, request=erasure.request)
        return False
    return True


async def _is_clean(keeper: Keeper, erasure: Erasure) -> bool:
    async with keeper.own.transaction(erasure.tenant) as tx:
        return not await entries.count_openings(tx, spelled(erasure.keys))
