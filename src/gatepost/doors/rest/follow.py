"""One reader's way along a mailbox's events, whatever they are told over; one batch and one text in memory at most."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, Self

from gatepost import access, act
from gatepost.access.paper import Principal
from gatepost.act import EventKind
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.rest.auth import mailbox_of
from gatepost.doors.rest.problems import Code, Problem
from gatepost.ids import AccountId
from gatepost.jobs import end
from gatepost.jobs.pause import pause
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

    async def tell_place(self, cursor: int) -> None:
        """Say where the stream is, though there is nothing to tell: from there the reader resumes."""

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

    @classmethod
    async def after_cursor(
        cls,
        house: House,
        reader: Principal,
        mailbox_id: int,
        cursor: int | None,
        *,
        kinds: Sequence[EventKind] | None,
        for_s: float,
    ) -> Self:
        """Return a reader of a mailbox's stream after a place of it; without one, where the stream ends now.

        Raises:
            Problem: the mailbox is not the reader's.
        """
        async with mailbox_of(house, reader, mailbox_id) as (tx, account):
            bounds = await act.open_stream(tx, account, house.clock())
        after, is_whole = bounds.resume(cursor)
        return cls(
            house,
            reader,
            account,
            kinds=kinds or act.EVERYBODYS,
            after=after,
            is_whole=is_whole,
            for_s=for_s,
        )

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """Be one of the account's readers; what is given rings at each event.

        Raises:
            Problem: there are too many of them.
        """
        try:
            with self.house.streams.reading(self.reader.tenant, self.account) as bell:
                yield bell
        except act.TooManyReadersError:
            raise Problem(Code.RATE_EXCEEDED, "Too many readers.", headers={"Retry-After": "5"}) from None

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
            async with asyncio.timeout(STALL_S):  # even one whose connection breaks before its first event knows where
                await (line.tell_place(self.after) if self.is_whole else line.tell_gap(self.after))
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
                    await self.pass_over()
                    async with asyncio.timeout(STALL_S):
                        await line.tell_place(self.after)
                    told_at = loop.time()
                await pause(bell, POLL_S)
        except (TimeoutError, DatabaseUnavailableError):
            return End.LATER
        except ReaderGoneError:
            return End.GONE
        return End.STOPPING

    async def pass_over(self) -> None:
        """Move past events this reader did not ask for, or its place is one day too old to be told from."""
        async with self.house.db.transaction(self.reader.tenant) as tx:
            bounds = await act.open_stream(tx, self.account, self.house.clock())  # first: what comes after it is seen
            if not await act.page(tx, self.account, after=self.after, kinds=self.kinds, limit=1):
                self.after = max(self.after, bounds.last)

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
