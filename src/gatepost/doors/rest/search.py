"""The whole record of a tenant, administrative acts too: find entries, take them out as NDJSON or CSV."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from gatepost import record
from gatepost.access.paper import Principal
from gatepost.decide.paper import Outcome
from gatepost.doors.rest.auth import AuditReader, HouseDep, within_reach
from gatepost.doors.rest.parameters import (
    EntryNumber,
    EntryWords,
    Limit,
    LogCursor,
    OfAction,
    OfActor,
    OfKind,
    OfMailbox,
    OfMessage,
    OfReason,
    OfThread,
    Recipient,
    Sender,
    Since,
    Until,
)
from gatepost.doors.rest.problems import asked, missing
from gatepost.doors.rest.record_shapes import EntriesFound, EntryShown
from gatepost.ids import EntryId
from gatepost.journey import House
from gatepost.record import listing, search
from gatepost.record.listing import Form, Piece
from gatepost.record.paper import Consequence, Kind
from gatepost.record.search import Sought
from gatepost.record.word_store import Place, Row

router = APIRouter(prefix="/v1/log", tags=["log"])

_MEDIA = {Form.NDJSON: "application/x-ndjson", Form.CSV: "text/csv; charset=utf-8; header=present"}


def _sought(
    principal: AuditReader,
    kind: OfKind = None,
    action: OfAction = None,
    actor: OfActor = None,
    mailbox_id: OfMailbox = None,
    message_id: OfMessage = None,
    thread_id: OfThread = None,
    outcome: Outcome | None = None,
    reason: OfReason = None,
    sender: Sender = None,
    recipient: Recipient = None,
    words: EntryWords = None,
    since: Since = None,
    until: Until = None,
) -> Sought:
    """Read the filters; a key that is bound to a mailbox finds that one's entries only."""
    account = principal.account if mailbox_id is None else within_reach(principal, mailbox_id)
    return Sought(
        account=account,
        facts={
            "kind": kind,
            "action": action,
            "actor": actor,
            "message": message_id,
            "thread": thread_id,
            "outcome": outcome,
            "reason": reason,
        },
        sender=sender,
        recipient=recipient,
        text=words,
        since=since,
        until=until,
    )


FormDep = Annotated[Form, Query(alias="format", description="One JSON object a line, or a table.")]
SoughtDep = Annotated[Sought, Depends(_sought)]


def _shown(row: Row) -> EntryShown:
    return EntryShown.model_validate(listing.shown(row))


@router.get("/search", summary="Find entries")
async def find(
    house: HouseDep, principal: AuditReader, sought: SoughtDep, limit: Limit = 50, cursor: LogCursor = None
) -> EntriesFound:
    """Return entries of every kind, newest first; pass `next_cursor` as `cursor` to continue.

    What is written meanwhile moves no page. Words and addresses are found until they are erased.
    """
    with asked():
        after = None if cursor is None else search.place_of(cursor)
        async with house.db.transaction(principal.tenant) as tx:
            page = await search.page(tx, sought, limit=limit, after=after)
    return EntriesFound(
        items=[_shown(row) for row in page.rows],
        next_cursor=None if page.after is None else search.cursor_of(page.after),
        unindexed=page.unindexed,
    )


@router.get("/search/{entry_id}", summary="Read one entry")
async def show(entry_id: EntryNumber, house: HouseDep, principal: AuditReader) -> EntryShown:
    """Return one entry by its number, as a search shows it."""
    async with house.db.transaction(principal.tenant) as tx:
        row = await search.one(tx, EntryId(entry_id))
    if row is None or principal.account not in {None, row.found.leaf["account"]}:
        raise missing("entry")
    return _shown(row)


@router.get(
    "/export",
    summary="Take entries out",
    response_class=StreamingResponse,
    responses={200: {"description": "One entry a line.", "content": {"application/x-ndjson": {}, "text/csv": {}}}},
)
async def export(
    house: HouseDep, principal: AuditReader, sought: SoughtDep, form: FormDep = Form.NDJSON
) -> StreamingResponse:
    """Stream all entries that are found, newest first. The taking itself becomes an entry.

    `Gatepost-Export-Since` and `-Until` say which time it covers: an entry's time shows how far it is. An answer that
    was cut off lacks its last chunk. Where the index lacks entries it waits for them, and after a minute
    answers 503.
    """
    with asked():
        search.terms_for(sought)
    now = house.clock()
    since, until = await listing.span(house.db, principal.tenant, sought, now=now)
    act = await _note(house, principal, sought, form)
    headers = {
        "Content-Disposition": f'attachment; filename="entries.{form}"',
        "Gatepost-Export-Since": since.isoformat(),
        "Gatepost-Export-Until": until.isoformat(),
    }
    pieces = listing.pieces(house.db, principal.tenant, sought, now=now, below=act)
    first = await anext(pieces)  # what forbids it is told before anything is said
    return StreamingResponse(_lines(first, pieces, form), media_type=_MEDIA[form], headers=headers)


async def _lines(first: Piece, others: AsyncIterator[Piece], form: Form) -> AsyncIterator[bytes]:
    yield listing.header(form) + _spelled(first, form)
    async for piece in others:
        yield _spelled(piece, form)


def _spelled(piece: Piece, form: Form) -> bytes:
    return b"".join(listing.line(row, form) for row in piece.rows)


async def _note(house: House, principal: Principal, sought: Sought, form: Form) -> Place:
    """Record that entries are taken out; return the place of the act, below which they lie."""
    named = search.named(sought)
    taken = Consequence(
        kind=Kind.ACT,
        action="record.export",
        actor=principal.key,
        at=house.clock(),
        account=sought.account,
        public={"form": form.value, "filters": [*sorted(named)]},
        private={"asked": named} if named else {},
    )
    async with house.db.transaction(principal.tenant) as tx:
        return Place(taken.at, await record.note(tx, taken, entropy=house.entropy))
