"""A way to a server that can be made bad: it swallows, stops halfway, is slow, resets, or opens to nobody."""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import Self

PIECE_OCTETS = 65_536
SLOW_S = 0.2
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: to close is to reset


class Way(Enum):
    """What becomes of the octets, both ways."""

    OPEN = auto()
    SLOW = auto()
    """Each piece waits a moment."""
    SWALLOWING = auto()
    """Nothing arrives any more, and nobody is told."""
    HALVING = auto()
    """Half of the next piece arrives, and then the connection ends."""
    RESETTING = auto()
    """The connection is reset with the next piece."""


class Relay:
    """Passes on connections made to it, in the way it is told, also those that are open already.

    Args:
        far: where the server listens: a path, or a port of this machine.
    """

    def __init__(self, far: Path | int) -> None:
        self.way = Way.OPEN
        self._far = far
        self._near: Path | int = 0
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def before(cls, far: Path | int, near: Path | int = 0) -> AsyncIterator[Self]:
        """Relay from ``near``, a path, or a port where 0 is any, while the context lasts."""
        relay = cls(far)
        relay._near = near
        await relay.admit()
        try:
            yield relay
        finally:
            await relay.shut()
            for task in relay._passing:
                task.cancel()
            await asyncio.gather(*relay._passing, return_exceptions=True)

    @property
    def port(self) -> int:
        """Where to connect."""
        assert isinstance(self._near, int)
        return self._near

    async def admit(self) -> None:
        """Let new connections in."""
        if isinstance(self._near, Path):
            self._server = await asyncio.start_unix_server(self._begin, self._near)
            return
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", self._near)
        self._near = int(self._server.sockets[0].getsockname()[1])

    async def shut(self) -> None:
        """Let nobody in; those inside stay."""
        assert self._server is not None
        self._server.close()
        if isinstance(self._near, Path):
            self._near.unlink(missing_ok=True)

    def _begin(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._relay(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _relay(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            if isinstance(self._far, Path):
                far_reader, far_writer = await asyncio.open_unix_connection(self._far)
            else:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far)
        except OSError:
            writer.close()
            return
        ways = [
            asyncio.ensure_future(self._pass(reader, far_writer, writer)),
            asyncio.ensure_future(self._pass(far_reader, writer, far_writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            far_writer.close()

    async def _pass(self, reader: StreamReader, writer: StreamWriter, back: StreamWriter) -> None:
        with suppress(ConnectionError):
            while octets := await reader.read(PIECE_OCTETS):
                if self.way is Way.SWALLOWING:
                    await asyncio.get_running_loop().create_future()
                if self.way is Way.RESETTING:
                    for each in (writer, back):
                        _reset(each)
                    return
                if self.way is Way.SLOW:
                    await asyncio.sleep(SLOW_S)
                is_half = self.way is Way.HALVING
                writer.write(octets[: len(octets) // 2] if is_half else octets)
                await writer.drain()
                if is_half:
                    return


def _reset(writer: StreamWriter) -> None:
    with suppress(OSError):  # a Unix socket knows no resetting
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
