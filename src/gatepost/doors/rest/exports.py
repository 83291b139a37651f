"""Where the tenant's record is sent on to: destinations, how far each is, tests and replays."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter, status

from gatepost.doors.rest.auth import AuditReader, ExportsWriter, HouseDep
from gatepost.doors.rest.export_shapes import (
    ExportDetail,
    ExportList,
    ExportShown,
    LetterShown,
    NewExport,
    ReplayPromised,
    ReplayWanted,
    ResumeWanted,
    TestResult,
)
from gatepost.doors.rest.parameters import ExportId
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.ids import ExportId as Id
from gatepost.upkeep import siem

router = APIRouter(prefix="/v1/exports", tags=["exports"])


@contextmanager
def _answered() -> Iterator[None]:
    """Answer 404 where there is no such destination and 422 where it cannot be as asked."""
    try:
        yield
    except LookupError:
        raise missing("destination") from None
    except siem.PlaceError as error:
        raise Problem(Code.EXPORT_INVALID, errors=[str(error)]) from error


def _wanted(body: NewExport) -> siem.Wanted:
    place = siem.Place(url=body.url, credential=body.credential, ca=body.ca, index=body.index, region=body.region)
    return siem.Wanted(
        kind=body.kind, format=body.format, place=place, is_personal=body.is_personal, wants_ack=body.wants_ack
    )


def _fields(one: siem.Status) -> dict[str, Any]:
    to = one.destination
    return {
        "id": to.id,
        "kind": to.kind,
        "url": to.place.url,
        "format": to.format,
        "index": to.place.index,
        "region": to.place.region,
        "is_personal": to.is_personal,
        "wants_ack": to.wants_ack,
        "created_at": to.created_at,
        "exported_through": one.exported_through,
        "exported_at": one.exported_at,
        "lag": one.lag,
        "is_stopped": one.is_stopped,
        "reason": one.reason,
        "alert": one.alert,
        "failures": one.failures,
        "rejected": one.rejected,
        "dead_letters": one.letters,
        "assurance": one.assurance,
    }


@router.get("", summary="List the destinations")
async def every(house: HouseDep, principal: AuditReader) -> ExportList:
    """Return every destination and how far it is, oldest first, without its credential."""
    async with house.db.transaction(principal.tenant) as tx:
        found = await siem.list_all(tx)
    return ExportList(items=[ExportShown(**_fields(each)) for each in found])


@router.post("", summary="Add a destination", status_code=status.HTTP_201_CREATED)
async def add(body: NewExport, house: HouseDep, principal: ExportsWriter) -> ExportShown:
    """Begin to export, from the log's first entry or from the next one."""
    async with house.db.transaction(principal.tenant) as tx:
        with _answered():
            made = await siem.add(tx, house, _wanted(body), actor=principal.key, starts_at_end=body.starts_at_end)
        found = await siem.find(tx, made.id)
    if found is None:
        raise missing("destination")
    return ExportShown(**_fields(found))


@router.get("/{export_id}", summary="Read how far a destination is")
async def show(export_id: ExportId, house: HouseDep, principal: AuditReader) -> ExportDetail:
    """Return one destination with what it would not take."""
    async with house.db.transaction(principal.tenant) as tx:
        found = await siem.find(tx, Id(export_id))
        if found is None:
            raise missing("destination")
        letters = await siem.letters(tx, Id(export_id))
    shown = [LetterShown(leaf_index=each.leaf_index, reason=each.reason, at=each.at) for each in letters]
    return ExportDetail(**_fields(found), letters=shown)


@router.put("/{export_id}", summary="Change a destination")
async def replace(export_id: ExportId, body: NewExport, house: HouseDep, principal: ExportsWriter) -> ExportShown:
    """Put another place, credential or format in force; it goes on where it was. The kind stays."""
    async with house.db.transaction(principal.tenant) as tx:
        with _answered():
            await siem.change(tx, house, Id(export_id), _wanted(body), actor=principal.key)
        found = await siem.find(tx, Id(export_id))
    if found is None:
        raise missing("destination")
    return ExportShown(**_fields(found))


@router.delete("/{export_id}", summary="Remove a destination", status_code=status.HTTP_204_NO_CONTENT)
async def remove(export_id: ExportId, house: HouseDep, principal: ExportsWriter) -> None:
    """Export there no more. What was exported stays there: copies are out of this house's hands."""
    async with house.db.transaction(principal.tenant) as tx:
        with _answered():
            await siem.remove(tx, house, Id(export_id), actor=principal.key)


@router.post("/{export_id}/test", summary="Test a destination")
async def test(export_id: ExportId, house: HouseDep, principal: ExportsWriter) -> TestResult:
    """Send the newest entry once more and say what became of it. Where it is taken, what had stopped goes on."""
    with _answered():
        reason = await siem.probe(house, principal.tenant, Id(export_id), actor=principal.key)
    return TestResult(is_taken=not reason, reason=reason)


@router.post("/{export_id}/replay", summary="Send again what was refused")
async def replay(export_id: ExportId, body: ReplayWanted, house: HouseDep, principal: ExportsWriter) -> ReplayPromised:
    """Have dead letters tried again, and everything from an index on where one is given."""
    async with house.db.transaction(principal.tenant) as tx:
        with _answered():
            count = await siem.replay(tx, house, Id(export_id), actor=principal.key, from_index=body.from_index)
    return ReplayPromised(letters=count)


@router.post("/{export_id}/resume", summary="Go on with a stopped destination")
async def resume(export_id: ExportId, body: ResumeWanted, house: HouseDep, principal: ExportsWriter) -> ExportShown:
    """Go on where it was. Past what is refused only where asked to: each such entry becomes a dead letter."""
    async with house.db.transaction(principal.tenant) as tx:
        with _answered():
            await siem.resume(tx, house, Id(export_id), actor=principal.key, past_refused=body.past_refused)
        found = await siem.find(tx, Id(export_id))
    if found is None:
        raise missing("destination")
    return ExportShown(**_fields(found))
