"""One reader's way along a mailbox's events, whatever they are told over; one batch and one text in memory at most."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from gatepost import access, act
from gatepost.access.paper import Principal
from gatepost.act import EventKind
from gatepost.db import DatabaseUnavailableError
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


class End(Enum):
    """Why nothing more is told. After all but ``FORBIDDEN`` the reader may come again with its last cursor."""

    OVER = auto()
    GONE = auto()
    FORBIDDEN = auto()
    STOPPING = auto()
    LATER = auto()


class ReaderGoneError(Exception):
    """The reader has closed its connection."""


class Line(Protocol):
    """A reader's connection. Whatever tells may raise ``ReaderGoneError``."""

    async def tell_gap(self, cursor: int) -> None:
        """Say that events before this place can no longer be had."""

    async def tell(self, cursor: int, kind: EventKind, text: bytes, /) -> None:
        """Tell one event."""

    async def tell_nothing(self) -> None:
        """Show that the line is alive."""

    async def hung_up(self) -> None:
        """Return once the reader has closed its connection."""


@dataclass(slots=True)
class Follower:
    """A reader at a place of its account's stream."""

    house: House
    reader: Principal
    account: AccountId
    kinds: Sequence[EventKind]
    after: int
    is_whole: bool
    """Whether everything after the reader's own cursor is still there."""

    for_s: float
    """How long to follow; 0 tells what is there and ends."""

    async def serve(self, line: Line, bell: asyncio.Event) -> End:
        """Tell events until the reader goes or stalls, its key is gone, its time is over, or the house stops."""
        reading = asyncio.ensure_future(self._read(line, bell))
        leaving = asyncio.ensure_future(line.hung_up())
        try:
            await asyncio.wait({reading, leaving}, timeout=self.for_s or LIFE_S, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                return End.GONE
            return reading.result() if reading.done() else End.OVER
        finally:
            await end((reading, leaving))
            await asyncio.gather(reading, leaving, return_exceptions=True)

    async def _read(self, line: Line, bell: asyncio.Event) -> End:
        loop = asyncio.get_running_loop()
        try:
            if not self.is_whole:
                async with asyncio.timeout(STALL_S):
                    await line.tell_gap(self.after)
            told_at = loop.time()
            while not self.house.streams.is_closed:
                bell.clear()  # before the look, so that what comes during it rings again
                if not await access.is_in_force(self.house.db, self.reader):
                    return End.FORBIDDEN
                if await self._tell_batch(line):
                    told_at = loop.time()
                    continue
                if not self.for_s:
                    return End.OVER
                if loop.time() - told_at >= HEARTBEAT_S:
                    async with asyncio.timeout(STALL_S):
                        await line.tell_nothing()
                    told_at = loop.time()
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), POLL_S)
        except (TimeoutError, DatabaseUnavailableError):
            return End.LATER
        except ReaderGoneError:
            return End.GONE
        return End.STOPPING

    async def _tell_batch(self, line: Line) -> bool:
        """Tell the next events; False where there are none."""
        tenant = self.reader.tenant
        async with self.house.db.transaction(tenant) as tx:
            found = await act.page(tx, self.account, after=self.after, kinds=self.kinds, limit=BATCH)
        for event in found:
            async with self.house.db.transaction(tenant) as tx:
                text = await act.said(tx, event)
            self.after = event.place or self.after
            if text is not None:  # an erased message is passed over
                async with asyncio.timeout(STALL_S):
                    await line.tell(self.after, event.kind, text)
        return bool(found)
