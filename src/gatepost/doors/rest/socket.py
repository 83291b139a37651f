"""The same stream over a WebSocket (RFC 6455), for agents whose framework speaks that and not server-sent events.

Each message is JSON, ``{"cursor": 7, "event": {...}}``; ``event`` is what a webhook is told. Nothing a reader says is
listened to. A key stands in the Authorization field alone, which no page of another origin can set.
"""

import asyncio
from contextlib import suppress

import orjson
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from gatepost.access.paper import Scope
from gatepost.act import EventKind
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.rest.auth import principal_of
from gatepost.doors.rest.events import Cursor, ForSeconds, Kinds
from gatepost.doors.rest.follow import LIFE_S, End, Follower, ReaderGoneError
from gatepost.doors.rest.parameters import MailboxId
from gatepost.doors.rest.problems import Problem, response, unavailable
from gatepost.journey import House

CODES = {End.OVER: 1000, End.STOPPING: 1001, End.FORBIDDEN: 1008, End.LATER: 1013}
"""Why it is closed (RFC 6455 section 7.4.1 and its registry). After all but the third, connect again with the last
cursor."""

PLACE_FIELD = b"x-gatepost-cursor"
"""A field of the answer that opens the socket: where it begins, and so where to resume one that breaks at once."""

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/events", tags=["events"])


@router.websocket("/socket")
async def socket(
    websocket: WebSocket,
    mailbox_id: MailboxId,
    event: Kinds = None,
    cursor: Cursor = None,
    for_s: ForSeconds = LIFE_S,
) -> None:
    """Tell events as they happen; refused before it is opened, with the problem that a request would get."""
    house: House = websocket.app.state.house
    try:
        presented = websocket.headers.get("authorization", "")
        kind, _, key = presented.partition(" ")
        principal = await principal_of(
            house,
            websocket.app.state.limiter,
            key.strip() if kind.lower() == "bearer" else None,
            [Scope.MAIL_READ.value],
        )
        follower = await Follower.after_cursor(house, principal, mailbox_id, cursor, kinds=event, for_s=for_s)
        with follower.listening() as bell:
            await websocket.accept(headers=[(PLACE_FIELD, b"%d" % follower.after)])
            await _close(websocket, await follower.serve(_Line(websocket), bell))
    except Problem as problem:
        await websocket.send_denial_response(response(problem))
    except DatabaseUnavailableError:
        await websocket.send_denial_response(response(unavailable()))


async def _close(websocket: WebSocket, why: End) -> None:
    if why is not End.GONE:
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(1):
                await websocket.close(CODES[why])


class _Line:
    """One open socket; the protocol's own pings show that it is alive."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def tell_gap(self, cursor: int) -> None:
        await self._say({"cursor": cursor, "event": {"type": "stream.gap"}})

    async def tell(self, cursor: int, _kind: EventKind, text: bytes) -> None:
        await self._say({"cursor": cursor, "event": orjson.Fragment(text)})

    async def tell_place(self, cursor: int) -> None: ...

    async def _say(self, message: object) -> None:
        try:
            await self._websocket.send_text(orjson.dumps(message).decode())
        except WebSocketDisconnect:
            raise ReaderGoneError from None

    async def hung_up(self) -> None:
        while (await self._websocket.receive())["type"] != "websocket.disconnect":
            pass
