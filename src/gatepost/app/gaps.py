"""Holding a SIEM's export to the tenant's log: the leaves' hashes, read as they are asked for."""

from collections.abc import Iterable

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.ledger.merkle import leaf_hash
from gatepost.record import export
from gatepost.upkeep.siem.compare import Comparison, compare
from gatepost.upkeep.siem.marks import read_marks

AT_ONCE = 5000


async def find_gaps(
    db: Database, tenant: TenantId, lines: Iterable[str], *, start: int = 0, end: int | None = None
) -> Comparison:
    """Return what the export lacks of the entries that checkpoints cover; 32 octets of memory for each.

    Args:
        db: where the log is.
        tenant: whose.
        lines: of the file the SIEM wrote.
        start: the first place that must be there.
        end: the place after the last one that must be there; None for all.
    """
    async with db.transaction(tenant) as tx:
        head = await export.head(tx)
        log_size = 0 if head is None else head.size
        size = log_size if end is None else min(end, log_size)
        hashes = bytearray()
        for at in range(start, size, AT_ONCE):
            for entry in await export.published(tx, at, min(at + AT_ONCE, size), opened=False):
                hashes += leaf_hash(entry.leaf)
    origin = "" if head is None else head.origin

    def hash_at(place: int) -> str:
        where = (place - start) * 32
        return hashes[where : where + 32].hex()

    marks = read_marks(lines)
    return compare(marks, origin=origin, start=start, size=size, log_size=log_size, hash_at=hash_at)
