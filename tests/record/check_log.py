"""Whether a whole log agrees with itself."""

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.record.check import verify_log


async def sound(db: Database, blobs: Blobs, tenant: TenantId) -> bool:
    """Return whether the log and the tables behind it agree, and it has entries."""
    report = await verify_log(db, blobs, tenant)
    return report.is_sound and report.size > 0
