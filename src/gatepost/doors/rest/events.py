"""What happens to a mailbox's mail, for agents without a public URL: server-sent events, or page by page.

A reader's cursor is a place in the account's stream. Places are given after commit, so a cursor passes over nothing;
it outlives restarts of both ends, and the last 30 days can be read again.
"""

import asyncio
from contextlib import suppress
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatepost import act
from gatepost.act import EventKind
from gatepost.doors.rest.auth import HouseDep, MailReader, mailbox_of
from gatepost.doors.rest.follow import LIFE_S, End, Follower
from gatepost.doors.rest.parameters import Limit, MailboxId
from gatepost.doors.rest.problems import Code, Problem
from gatepost.doors.rest.webhook_shapes import EventPage

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
        after, is_whole = bounds.resume(cursor)
        found = await act.page(tx, account, after=after, kinds=event or act.EVERYBODYS, limit=limit)
        said = [(one.place, await act.said(tx, one)) for one in found]
    return EventPage(
        items=[{**orjson.loads(text), "cursor": place} for place, text in said if text is not None],
        next_cursor=max([after, *(place for place, _ in said if place is not None)]),
        is_whole=is_whole,
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
    return EventStream(await Follower.after_cursor(house, principal, mailbox_id, after, kinds=event, for_s=for_s))


def _resumed(last_event_id: str | None, cursor: int | None) -> int | None:
    """Return the place to continue after: the header's, which knows more than the URL."""
    if last_event_id is None or not last_event_id:
        return cursor
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 15):  # noqa: PLR2004  # below 2^53
        raise Problem(Code.REQUEST_INVALID, errors=["Last-Event-ID: must be a cursor of this stream"])
    return int(last_event_id)


class EventStream(Response):
    """Events as the WHATWG's event stream format tells them (HTML section 9.2.5)."""

    media_type = _MEDIA_TYPE

    def __init__(self, follower: Follower) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._follower = follower

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until the reader goes, stalls, or its time is over."""
        line = _Line(receive, send)
        with self._follower.listening() as bell:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await line.say(b"retry: %d\n\n" % RETRY_MS)
            if await self._follower.serve(line, bell) is not End.GONE:
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await line.say(b"", more=False)


class _Line:
    """One reader's connection."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send

    async def tell_gap(self, cursor: int) -> None:
        await self.say(b"id: %d\nevent: stream.gap\ndata: {}\n\n" % cursor)

    async def tell(self, cursor: int, kind: EventKind, text: bytes) -> None:
        await self.say(b"id: %d\nevent: %s\ndata: %s\n\n" % (cursor, kind.encode(), text))

    async def tell_place(self, cursor: int) -> None:
        await self.say(b"id: %d\n\n" % cursor)  # without data it is kept and nothing is dispatched

    async def say(self, octets: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": octets, "more_body": more})

    async def hung_up(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
