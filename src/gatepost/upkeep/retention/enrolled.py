"""The roll of erasures held to the log: whoever takes a line from it has a restore bring back what was erased."""

from datetime import datetime

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.record import erase as entries
from gatepost.upkeep.retention.roll import Roll


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
