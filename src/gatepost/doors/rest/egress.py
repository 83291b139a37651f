"""What this house may connect to, and what it connected to on the caller's behalf."""

from fastapi import APIRouter

from gatepost import record
from gatepost.doors.rest.auth import AuditReader, HouseDep
from gatepost.doors.rest.shapes import DestinationShown, EgressShown, OpenedShown

router = APIRouter(prefix="/v1", tags=["egress"])


@router.get("/egress", summary="Read the register of destinations")
async def show(house: HouseDep, principal: AuditReader) -> EgressShown:
    """Return where this house's connections may go, as its operator declared it, and the tenant's own so far.

    Counts are a few seconds old. A webhook stands under its id. What the house does for nobody in particular, such as
    DNS, is counted in its first tenant's register. Refused connections are entries of the log.
    """
    async with house.db.transaction(principal.tenant) as tx:
        counted = await record.connections(tx)
    return EgressShown(
        destinations=[
            DestinationShown(
                purpose=row.purpose.value,
                destination=str(row),
                region=row.region,
                mechanism=row.mechanism,
                decided_by=row.decided_by,
                is_encrypted=not row.is_clear,
            )
            for row in house.egress.register.rows
        ],
        opened=[
            OpenedShown(
                purpose=each.purpose.value,
                destination=each.destination,
                count=each.times.count,
                first_at=each.times.first_at,
                last_at=each.times.last_at,
            )
            for each in counted
        ],
    )
