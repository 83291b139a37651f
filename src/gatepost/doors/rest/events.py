"""What happens to a mailbox's mail, for agents without a public URL: server-sent events, or page by page.

A reader's cursor is a place in the account's stream. Places are given after commit, so a cursor passes over nothing;
it outlives restarts of both ends, and the last 30 days can be read again.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatepost import access, act
from gatepost.access.paper import Principal
from gatepost.act import EventKind
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.rest.auth import HouseDep, MailReader, mailbox_of
from gatepost.doors.rest.parameters import Limit, MailboxId
from gatepost.doors.rest.problems import Code, Problem
from gatepost.doors.rest.webhook_shapes import EventPage
from gatepost.ids import AccountId
from gatepost.jobs import end
from gatepost.journey import House

HEARTBEAT_S = 15.0
STALL_S = 30.0
"""How long a reader may leave its connection full before it is let go; it can resume where it was."""

LIFE_S = 600
"""A stream ends after ten minutes and is resumed by its reader, at whichever house answers then."""

POLL_S = 5.0
BATCH = 50
RETRY_MS = 1_000
_MEDIA_TYPE = "text/event-stream"

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/events", tags=["events"])

Kinds = Annotated[
    list[EventKind] | None, Query(alias="event", description="Which events; `email.received` by default.")
]
Cursor = Annotated[int | None, Query(ge=0, le=2**53 - 1, description="Continue after this place.")]
ForSeconds = Annotated[int, Query(ge=0, le=LIFE_S, description="How long to follow at most; 0: only what is there.")]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="Continue after this place: browsers and clients send it.")
]


@router.get("", summary="Read events page by page")
async def page(
    mailbox_id: MailboxId,
    house: HouseDep,
    principal: MailReader,
    event: Kinds = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EventPage:
    """Return events after a place, in order. Without `cursor`: none, and where the stream ends now."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        bounds = await act.open_stream(tx, account, house.clock())
        after = bounds.last if cursor is None else cursor
        found = await act.page(tx, account, after=after, kinds=event or act.EVERYBODYS, limit=limit)
        said = [(one.place, await act.said(tx, one)) for one in found]
    return EventPage(
        items=[{**orjson.loads(text), "cursor": place} for place, text in said if text is not None],
        next_cursor=max([after, *(place for place, _ in said if place is not None)]),
        is_whole=after >= bounds.since,
    )


@router.get(
    "/stream",
    summary="Follow events as they happen",
    response_class=Response,
    responses={200: {"description": "Server-sent events.", "content": {_MEDIA_TYPE: {}}}},
)
async def stream(
    mailbox_id: MailboxId,
    house: HouseDep,
    principal: MailReader,
    event: Kinds = None,
    cursor: Cursor = None,
    last_event_id: LastEventId = None,
    for_s: ForSeconds = LIFE_S,
) -> Response:
    """Answer with server-sent events (WHATWG HTML section 9.2), each with its place as `id`.

    Resume with `Last-Event-ID`; without it the stream begins now. `stream.gap` says that events after your cursor are
    gone. The stream ends after ten minutes: connect again.
    """
    after = _resumed(last_event_id, cursor)
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        bounds = await act.open_stream(tx, account, house.clock())
    is_whole = after is None or after >= bounds.since
    return EventStream(
        house,
        principal,
        account,
        after=bounds.last if after is None else max(after, bounds.since),
        kinds=event or act.EVERYBODYS,
        is_whole=is_whole,
        for_s=for_s,
    )


def _resumed(last_event_id: str | None, cursor: int | None) -> int | None:
    """Return the place to continue after: the header's, which knows more than the URL."""
    if last_event_id is None or not last_event_id:
        return cursor
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 15):  # noqa: PLR2004  # below 2^53
        raise Problem(Code.REQUEST_INVALID, errors=["Last-Event-ID: must be a cursor of this stream"])
    return int(last_event_id)


class EventStream(Response):
    """One reader: at most one batch of events, and one event's text, is in memory for it."""

    media_type = _MEDIA_TYPE

    def __init__(
        self,
        house: House,
        reader: Principal,
        account: AccountId,
        *,
        after: int,
        kinds: Sequence[EventKind],
        is_whole: bool,
        for_s: float,
    ) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._house = house
        self._reader = reader
        self._tenant = reader.tenant
        self._account = account
        self._after = after
        self._kinds = kinds
        self._is_whole = is_whole
        self._for_s = for_s

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until the reader goes, stalls, or its time is over."""
        try:
            with self._house.streams.reading(self._tenant, self._account) as bell:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._serve(bell, receive, send)
        except act.TooManyReadersError:
            raise Problem(Code.RATE_EXCEEDED, "Too many readers.", headers={"Retry-After": "5"}) from None

    async def _serve(self, bell: asyncio.Event, receive: Receive, send: Send) -> None:
        reading = asyncio.ensure_future(self._read(bell, send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({reading, leaving}, timeout=self._for_s or LIFE_S, return_when=asyncio.FIRST_COMPLETED)
            is_there = not leaving.done()
        finally:
            await end((reading, leaving))
            await asyncio.gather(reading, leaving, return_exceptions=True)
        if is_there:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read(self, bell: asyncio.Event, send: Send) -> None:
        """Send what there is, then wait for more.

        Returns where the reader stalls, its key is gone by now, or the database does not answer.
        """
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError, DatabaseUnavailableError):
            await _say(send, f"retry: {RETRY_MS}\n\n".encode())
            if not self._is_whole:
                await _say(send, f"id: {self._after}\nevent: stream.gap\ndata: {{}}\n\n".encode())
            said_at = loop.time()
            while not self._house.streams.is_closed:
                bell.clear()
                if not await access.is_in_force(self._house.db, self._reader):
                    return
                if await self._send_batch(send):
                    said_at = loop.time()
                    continue
                if not self._for_s:
                    return
                if loop.time() - said_at >= HEARTBEAT_S:
                    await _say(send, b":\n\n")
                    said_at = loop.time()
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), POLL_S)

    async def _send_batch(self, send: Send) -> bool:
        """Send the next events; False where there are none."""
        async with self._house.db.transaction(self._tenant) as tx:
            found = await act.page(tx, self._account, after=self._after, kinds=self._kinds, limit=BATCH)
        for event in found:
            async with self._house.db.transaction(self._tenant) as tx:
                text = await act.said(tx, event)
            self._after = event.place or self._after
            if text is not None:  # an erased message is passed over
                await _say(send, b"id: %d\nevent: %s\ndata: %s\n\n" % (self._after, event.kind.encode(), text))
        return bool(found)


async def _say(send: Send, octets: bytes) -> None:
    """Send; raises ``TimeoutError`` where the reader does not take it in time."""
    async with asyncio.timeout(STALL_S):
        await send({"type": "http.response.body", "body": octets, "more_body": True})


async def _gone(receive: Receive) -> None:
    """Return once the reader has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
