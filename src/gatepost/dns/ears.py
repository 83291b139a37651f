"""Waiting for one datagram on each of many sockets: one place in the event loop and one timer for all of them.

A stranger's message waits for several answers at once, each at a socket of its own. To tell the loop of every socket
and of every deadline costs more than to send the question.
"""

import asyncio
import errno
import os
import select
from typing import NamedTuple, Protocol

DATAGRAM_MAX = 65_535


class Socket(Protocol):
    """What datagrams come to: one of egress's sockets."""

    def fileno(self) -> int:
        """Return its number."""
        ...

    def recv(self, octets_max: int, /) -> bytes:
        """Return a datagram.

        Raises:
            BlockingIOError: there is none.
            OSError: there is nobody.
        """
        ...


class _Waiting(NamedTuple):
    socket: Socket
    heard: "asyncio.Future[bytes]"
    until: float


class Ears:
    """Hears for one event loop at a time, from the first socket on until it is closed."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._epoll: select.epoll | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    async def hear(self, of: Socket, until: float) -> bytes:
        """Return the next datagram that a socket has. It must stay open until then.

        Raises:
            TimeoutError: there was none by loop time ``until``.
            OSError: there is nobody.
        """
        loop = asyncio.get_running_loop()
        if self._epoll is None or self._loop is not loop:
            self._epoll = self._begin(loop)
        epoll, descriptor = self._epoll, of.fileno()
        heard: asyncio.Future[bytes] = loop.create_future()
        epoll.register(descriptor, select.EPOLLIN)
        self._waiting[descriptor] = _Waiting(of, heard, until)
        if self._timer is None or until < self._rings_at:
            self._ring_at(loop, until)
        try:
            return await heard
        finally:
            if self._waiting.pop(descriptor, None) is not None:
                epoll.unregister(descriptor)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> select.epoll:
        self.close()
        self._loop = loop
        epoll = select.epoll()
        loop.add_reader(epoll.fileno(), self._listen, epoll)
        return epoll

    def close(self) -> None:
        """Hear no more; whoever still waits hears that there is nobody."""
        for one in self._waiting.values():
            if not one.heard.done():
                one.heard.set_exception(OSError(errno.ECANCELED, os.strerror(errno.ECANCELED)))
        if self._timer is not None:
            self._timer.cancel()
        if self._epoll is not None:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
        self._waiting.clear()
        self._loop = self._epoll = self._timer = None

    def _listen(self, epoll: select.epoll) -> None:
        """Take in what came."""
        for descriptor, _ in epoll.poll(0):
            one = self._waiting[descriptor]
            if one.heard.done():
                continue
            try:
                one.heard.set_result(one.socket.recv(DATAGRAM_MAX))
            except BlockingIOError:
                continue  # what there was had a wrong checksum
            except OSError as error:
                one.heard.set_exception(error)

    def _ring_at(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at, self._timer = at, loop.call_at(at, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the waiting of those whose time is over; ring again for the next, where anybody waits."""
        now, self._timer = loop.time(), None
        for one in self._waiting.values():
            if one.until <= now and not one.heard.done():
                one.heard.set_exception(TimeoutError())
        left = [one.until for one in self._waiting.values() if one.until > now]
        if left:
            self._ring_at(loop, min(left))
