"""The same stream over a WebSocket (RFC 6455), for agents whose framework speaks that and not server-sent events.

Each message is JSON, ``{"cursor": 7, "event": {...}}``; ``event`` is what a webhook is told. Nothing a reader says is
listened to. A key stands in the Authorization field alone, which no page of another origin can set.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import orjson
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from gatepost import access, act
from gatepost.access.paper import Principal, Scope
from gatepost.act import EventKind
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.rest.auth import mailbox_of, principal_of
from gatepost.doors.rest.events import BATCH, LIFE_S, POLL_S, STALL_S, Cursor, ForSeconds, Kinds
from gatepost.doors.rest.parameters import MailboxId
from gatepost.doors.rest.problems import Code, Problem, response, unavailable
from gatepost.ids import AccountId
from gatepost.jobs import end
from gatepost.journey import House

ENDED, STOPPING, UNKNOWN_KEY, LATER = 1000, 1001, 1008, 1013
"""Why it is closed (RFC 6455 section 7.4.1 and its registry): its time is over, the house stops, the key is gone or
narrowed, the database is away or the reader too slow. After all but the third, connect again with the last cursor."""

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
        async with mailbox_of(house, principal, mailbox_id) as (tx, account):
            bounds = await act.open_stream(tx, account, house.clock())
        with house.streams.reading(principal.tenant, account) as bell:
            await websocket.accept()
            after = bounds.last if cursor is None else max(cursor, bounds.since)
            reader = Reader(websocket, house, principal, account, event or act.EVERYBODYS, after, bell)
            await reader.serve(is_whole=cursor is None or cursor >= bounds.since, for_s=for_s)
    except act.TooManyReadersError:
        too_many = Problem(Code.RATE_EXCEEDED, "Too many readers.", headers={"Retry-After": "5"})
        await websocket.send_denial_response(response(too_many))
    except Problem as problem:
        await websocket.send_denial_response(response(problem))
    except DatabaseUnavailableError:
        await websocket.send_denial_response(response(unavailable()))


@dataclass(slots=True)
class Reader:
    """One open socket: at most one batch of events, and one event's text, is in memory for it."""

    socket: WebSocket
    house: House
    principal: Principal
    account: AccountId
    kinds: Sequence[EventKind]
    after: int
    bell: asyncio.Event

    async def serve(self, *, is_whole: bool, for_s: float) -> None:
        """Serve until the reader goes, stalls, or its time is over; then say why it ends."""
        reading = asyncio.ensure_future(self._read(is_whole=is_whole, waits=bool(for_s)))
        leaving = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait({reading, leaving}, timeout=for_s or LIFE_S, return_when=asyncio.FIRST_COMPLETED)
            is_there = not leaving.done()
            code = reading.result() if reading.done() and not reading.cancelled() else ENDED
        finally:
            await end((reading, leaving))
            await asyncio.gather(reading, leaving, return_exceptions=True)
        if is_there:
            with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
                async with asyncio.timeout(1):
                    await self.socket.close(code)

    async def _read(self, *, is_whole: bool, waits: bool) -> int:
        """Tell what there is, then wait for more; return why it ends."""
        try:
            if not is_whole:
                await self._say({"cursor": self.after, "event": {"type": "stream.gap"}})
            while not self.house.streams.is_closed:
                self.bell.clear()
                if not await access.is_in_force(self.house.db, self.principal):
                    return UNKNOWN_KEY
                if await self._tell():
                    continue
                if not waits:
                    return ENDED
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.bell.wait(), POLL_S)
        except (TimeoutError, DatabaseUnavailableError):
            return LATER
        except WebSocketDisconnect:
            return ENDED
        return STOPPING

    async def _tell(self) -> bool:
        """Tell the next events; False where there are none."""
        tenant = self.principal.tenant
        async with self.house.db.transaction(tenant) as tx:
            found = await act.page(tx, self.account, after=self.after, kinds=self.kinds, limit=BATCH)
        for event in found:
            async with self.house.db.transaction(tenant) as tx:
                text = await act.said(tx, event)
            self.after = event.place or self.after
            if text is not None:  # an erased message is passed over
                await self._say({"cursor": self.after, "event": orjson.Fragment(text)})
        return bool(found)

    async def _say(self, message: object) -> None:
        """Send; raises ``TimeoutError`` where the reader does not take it in time."""
        async with asyncio.timeout(STALL_S):
            await self.socket.send_text(orjson.dumps(message).decode())

    async def _gone(self) -> None:
        """Return once the reader has closed its connection."""
        while (await self.socket.receive())["type"] != "websocket.disconnect":
            pass
