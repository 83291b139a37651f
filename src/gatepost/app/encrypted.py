"""TLS of one HTTP connection, over a socket that the event loop reads and writes as it does any other.

An event loop's own TLS keeps what came in one go, a quarter of a megabyte, for as long as the connection stands: 900
clients with half a request each took 277 MB. ``Tunnel`` keeps one record.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

from typing_extensions import override

from gatepost.app.crowd import Crowd
from gatepost.app.http_protocol import HttpProtocol
from gatepost.arrive.tunnel import Tunnel

HANDSHAKE_S = 20.0
WRITTEN_OCTETS = 65_536
"""Encrypted at once: an answer is in memory once more by so much, not by its size."""


class Encrypted(asyncio.Protocol):
    """Hears one socket: the handshake, and from then on for the protocol that serves.

    Args:
        served: makes that protocol, once the handshake is done.
        context: the certificate to show.
        crowd: who else is connected.
    """

    def __init__(self, served: Callable[[], asyncio.Protocol], context: ssl.SSLContext, crowd: Crowd) -> None:
        self._make, self._context, self._crowd = served, context, crowd
        self._tunnel = Tunnel(context)
        self._socket: asyncio.Transport
        self._since = 0.0
        self._too_late: asyncio.TimerHandle | None = None
        self.served: asyncio.Protocol | None = None
        self.is_held = False
        """Whoever serves wants to hear nothing for now."""
        self._is_unread = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        loop = asyncio.get_running_loop()
        self._since = loop.time()
        self._too_late = loop.call_later(HANDSHAKE_S, self._socket.abort)
        peer = transport.get_extra_info("peername")
        if not peer or not self._crowd.enter(self, peer[0]):
            self._socket.abort()

    @property
    def waiting_since(self) -> float | None:
        """Since when we wait for the client, its handshake included; None while it waits for us."""
        if self.served is None:
            return self._since
        return self.served.kept_waiting_since if isinstance(self.served, HttpProtocol) else None

    def hang_up(self) -> None:
        """Close now."""
        self._socket.abort()

    @override
    def data_received(self, data: bytes) -> None:
        try:
            said = self._tunnel.receive(data)
        except ssl.SSLError:  # no TLS, or none that we speak
            self._socket.write(self._tunnel.unsent())
            self._socket.close()
            return
        if unsent := self._tunnel.unsent():
            self._socket.write(unsent)
        if self.served is None:
            if self._tunnel.tls is None:
                return
            self._begin()
        if said and self.served is not None:
            self.served.data_received(said)
        if self._tunnel.has_ended and self.served is not None and not self.served.eof_received():
            self.close()

    @override
    def eof_received(self) -> bool | None:
        return self.served.eof_received() if self.served else None

    @override
    def pause_writing(self) -> None:
        self._is_unread = True
        self.balance()
        if self.served:
            self.served.pause_writing()

    @override
    def resume_writing(self) -> None:
        self._is_unread = False
        self.balance()
        if self.served:
            self.served.resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.leave(self)
        self._be_on_time()
        if self.served:
            self.served.connection_lost(exc)

    def balance(self) -> None:
        """Hear the client only while it reads what we say: its questions about keys are answered by TLS itself."""
        if not self._socket.is_closing():
            if self.is_held or self._is_unread:
                self._socket.pause_reading()
            else:
                self._socket.resume_reading()

    def write(self, octets: bytes | bytearray | memoryview) -> None:
        """Say this to the client."""
        if not self._socket.is_closing():
            for at in range(0, len(octets), WRITTEN_OCTETS):
                self._socket.write(self._tunnel.seal(bytes(octets[at : at + WRITTEN_OCTETS])))

    def close(self) -> None:
        """Say that this was all, and close once it is written."""
        if not self._socket.is_closing():
            self._socket.write(self._tunnel.end())
            self._socket.close()

    def _begin(self) -> None:
        self._be_on_time()
        self._crowd.let_in(self)
        self.served = self._make()
        self.served.connection_made(_Transport(self, self._socket, self._context))

    def _be_on_time(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None


class _Transport(asyncio.Transport):
    """The socket as whoever serves it sees it."""

    def __init__(self, encrypted: Encrypted, below: asyncio.Transport, context: ssl.SSLContext) -> None:
        super().__init__({"sslcontext": context})
        self._encrypted, self._below = encrypted, below

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        found = super().get_extra_info(name)
        return self._below.get_extra_info(name, default) if found is None else found

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._encrypted.served = cast("asyncio.Protocol", protocol)

    @override
    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._encrypted.served or self._encrypted

    @override
    def is_reading(self) -> bool:
        return not self._encrypted.is_held

    @override
    def pause_reading(self) -> None:
        self._encrypted.is_held = True
        self._encrypted.balance()

    @override
    def resume_reading(self) -> None:
        self._encrypted.is_held = False
        self._encrypted.balance()

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._below.set_write_buffer_limits(high, low)

    @override
    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._encrypted.write(data)

    @override
    def is_closing(self) -> bool:
        return self._below.is_closing()

    @override
    def close(self) -> None:
        self._encrypted.close()

    @override
    def abort(self) -> None:
        self._below.abort()
