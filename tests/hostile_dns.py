"""A name server that misbehaves on purpose, over real UDP and TCP on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from typing_extensions import override

from ports import free_port
from talkers import talking

Behaviour = Callable[[dns.message.Message, bool], list[bytes]]
"""From the question, and whether it came over TCP, to the packets to send back."""


def answer(
    question: dns.message.Message,
    *records: str,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    soa: str | None = "example. 60 SOA ns.example. host.example. 1 7200 3600 86400 60",
) -> dns.message.Message:
    """Build an honest answer from zone-file lines; one without records carries its zone's SOA, unless it is None."""
    response = dns.message.make_response(question)
    response.flags |= dns.flags.RA
    response.set_rcode(rcode)
    for record in records:
        response.answer.append(_rrset(record))
    if not records and soa is not None and rcode in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        response.authority.append(_rrset(soa))
    return response


def _rrset(line: str) -> dns.rrset.RRset:
    name, ttl, rdtype, text = line.split(" ", 3)
    return dns.rrset.from_text(name, int(ttl), "IN", rdtype, text)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: "Server") -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.askers.add(addr)
        for packet in self._server.respond(data, is_tcp=False):
            if self._transport is not None:
                self._transport.sendto(packet, addr)


class Server:
    """Answers as its behaviour says, and remembers every question."""

    def __init__(self, behave: Behaviour, drip_s: float) -> None:
        self.behave = behave
        self._drip_s = drip_s
        self.asked: list[tuple[str, str, bool]] = []
        self.askers: set[tuple[str, int]] = set()
        self.address = ""

    def respond(self, packet: bytes, *, is_tcp: bool) -> list[bytes]:
        """Return the packets this question gets."""
        question = dns.message.from_wire(packet)
        asked = question.question[0]
        self.asked.append((asked.name.to_text(omit_final_dot=True).lower(), asked.rdtype.name, is_tcp))
        return self.behave(question, is_tcp)

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's questions until it ends."""
        while True:
            length = int.from_bytes(await reader.readexactly(2), "big")
            for packet in self.respond(await reader.readexactly(length), is_tcp=True):
                await self._write(writer, len(packet).to_bytes(2, "big") + packet)

    async def _write(self, writer: asyncio.StreamWriter, octets: bytes) -> None:
        for piece in [octets[at : at + 1] for at in range(len(octets))] if self._drip_s else [octets]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(self._drip_s)


@contextlib.asynccontextmanager
async def serving(behave: Behaviour, *, has_tcp: bool = True, drip_s: float = 0) -> AsyncIterator[Server]:
    """Run a server on one free port, UDP and TCP; over TCP an octet each ``drip_s`` where that is given."""
    server = Server(behave, drip_s)
    port = free_port()
    async with talking(server.serve_tcp, port=port) if has_tcp else contextlib.nullcontext():
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Udp(server), local_addr=("127.0.0.1", port)
        )
        server.address = f"127.0.0.1:{port}"
        try:
            yield server
        finally:
            transport.close()
            await asyncio.sleep(0)  # the socket is closed in the loop's next turn
