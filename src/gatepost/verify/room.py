"""Room for what large messages say, from when they are read until they are decided.

What is read of a message is in memory several times: as written, as people see it, as an agent is given it. Fifty of
25 MB, read one after the other and then waiting together for what comes next, took half a gigabyte (docs/adr/0099).
"""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self

from gatepost.verify.reading.read import MAX_TEXT_CHARS
from gatepost.verify.stages import INLINE_OCTETS

ROOM_OCTETS = 2 * MAX_TEXT_CHARS
"""For two of the largest: one is read while the other is judged and committed."""


class Place:
    """Room for one message: nothing, until ``take`` is awaited, and again nothing at the end of the context."""

    __slots__ = ("_octets", "_room", "_taken")

    def __init__(self, room: "Room", octets: int) -> None:
        self._room = room
        self._octets = octets
        self._taken = 0

    async def take(self) -> None:
        """Wait until there is room; for a small message there always is."""
        if self._octets and not self._taken:
            await self._room.take(self._octets)
            self._taken = self._octets

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            self._room.give(self._taken)
            self._taken = 0


class Room:
    """So many octets of messages in all; who comes first is served first."""

    def __init__(self, octets: int = ROOM_OCTETS) -> None:
        self._free_octets = octets
        self._most_octets = octets
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def place(self, octets: int) -> Place:
        """Return a place for a message of so many octets, not yet taken; more than the most text counts as that."""
        return Place(self, min(octets, MAX_TEXT_CHARS, self._most_octets) if octets > INLINE_OCTETS else 0)

    async def take(self, octets: int) -> None:
        """Wait for so much room, and take it; whoever is cancelled takes none."""
        if not self._waiting and octets <= self._free_octets:
            self._free_octets -= octets
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((octets, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._let_in()  # those behind may have waited for this one alone
            else:
                self.give(octets)
            raise

    def give(self, octets: int) -> None:
        """Give room back."""
        self._free_octets += octets
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            octets, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
            elif octets <= self._free_octets:
                self._waiting.popleft()
                self._free_octets -= octets
                turn.set_result(None)
            else:
                return
