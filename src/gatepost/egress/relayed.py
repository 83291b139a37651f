"""HTTP over connections that another process relays: the door is asked first, then all is as ever."""

import ssl

import httpcore2
from typing_extensions import override

from gatepost.egress.hearing import Heard, Options, Transport
from gatepost.egress.knock import LINE_MAX_OCTETS, Asked, answered


class _Relayed(httpcore2.AnyIOBackend):
    """Connects by asking at a door."""

    def __init__(self, door: str, asked: Asked) -> None:
        self._door = door
        self._asked = asked

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Options = None,
    ) -> httpcore2.AsyncNetworkStream:
        stream = await self.connect_unix_socket(self._door, timeout)
        try:
            await stream.write(self._asked.spelled(), timeout)
            answered(await _line(stream, timeout))
        except BaseException:
            await stream.aclose()
            raise
        return Heard(stream)


async def _line(stream: httpcore2.AsyncNetworkStream, wait_s: float | None) -> bytes:
    """Return the door's answer, octet by octet: what comes behind it is the other side's."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < LINE_MAX_OCTETS:
        octet = await stream.read(1, wait_s)
        if not octet:
            break
        line += octet
    return bytes(line)


def relayed(door: str, trust: ssl.SSLContext, asked: Asked) -> Transport:
    """Return what speaks HTTP over one connection from the door at a path."""
    return Transport(trust, network=_Relayed(door, asked))
