"""The roll of erasures: is it whole? What it lacks, no start destroys again."""

from datetime import datetime

from gatepost import access
from gatepost.app.doctor.finding import Finding, failure, ok
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import Database
from gatepost.upkeep.retention import Roll, RollError, unenrolled

CHECK = "keys.erased"


async def look(roll: Roll, db: Database | None, now: datetime) -> Finding:
    """Return whether both places of the roll know the same, and with a database, all that this tells of."""
    try:
        here, there = await roll.both(now)
    except RollError as error:
        return failure(CHECK, str(error), "restore erasures.jsonl from your newest backup")
    except BlobsUnavailableError:
        return failure(CHECK, "the roll on the log's second store cannot be read", "see log.second")
    tenants = [each.id for each in await access.list_recorded(db)] if db else []
    lost = sum(map(len, (await unenrolled(db, here.keys() | there.keys(), tenants)).values())) if db else 0
    if lost:
        return failure(
            CHECK,
            f"{lost} erasures stand in the log and not on the roll: an older key store has those keys again",
            "restore keys/erasures.jsonl from your newest backup, and start the house again",
        )
    for place, missing in (
        ("beside the keys (erasures.jsonl)", len(there.keys() - here.keys())),
        ("on the log's second store", len(here.keys() - there.keys())),
    ):
        if missing:
            return failure(
                CHECK,
                f"the roll {place} lacks {missing} erasures that its copy has: it was put back, or cut",
                "start the house again: it completes the roll and destroys those keys; then find out who did it",
            )
    return ok(CHECK, "both places of the roll of erasures know the same" + (", and all the log tells of" if db else ""))
