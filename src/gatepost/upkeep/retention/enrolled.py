"""The roll of erasures held to the log: whoever takes a line from it has a restore bring back what was erased."""

from collections.abc import Container, Iterable
from datetime import datetime

import structlog

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.record import erase as entries
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.roll import Roll

log = structlog.get_logger()

SHOWN_MAX = 20


async def misenrolled(db: Database, roll: Roll, tenant: TenantId, now: datetime) -> list[str]:
    """Return a sentence for each erasure of which the roll lost a line, or says another thing than its copy.

    One that only the roll knows is none: it waits to be carried out, as after a restore.

    Raises:
        RollError: the roll cannot be read.
        BlobsUnavailableError: the second store does not answer.
    """
    async with db.transaction(tenant) as tx:
        done = await entries.persons_erased(tx)
    return [text async for text in roll.amiss(tenant, done, now)]


async def unenrolled(db: Database, known: Container[str], tenants: Iterable[TenantId]) -> dict[TenantId, list[str]]:
    """Return of each tenant the erasures of persons that the database tells of and that are not ``known`` to the roll.

    Of these nobody can say any more which keys were destroyed: a key store put back to before them has those keys
    again, and no start destroys them.
    """
    lost = {}
    for tenant in tenants:
        async with db.transaction(tenant) as tx:
            missing = [request for request in await entries.persons_erased(tx) if request not in known]
        if missing:
            lost[tenant] = sorted(missing)
    return lost


async def say_unenrolled(keeper: Keeper, tenants: Iterable[TenantId]) -> None:
    """Log of each tenant what its roll lost; once ``replay`` has given each place of the roll what the other had.

    Raises:
        RollError: the roll cannot be read.
    """
    for tenant, missing in (await unenrolled(keeper.db, keeper.roll.requests(), tenants)).items():
        log.error("erasures.roll_cut", tenant=tenant, count=len(missing), requests=missing[:SHOWN_MAX])
