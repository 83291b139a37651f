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

Behaviour = Callable[[dns.message.Message, bool], list[bytes]]
"""From the question, and whether it came over TCP, to the packets to send back."""


def answer(
    question: dns.message.Message, *records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR
) -> dns.message.Message:
    """Build an honest answer from zone-file lines."""
    response = dns.message.make_response(question)
    response.flags |= dns.flags.RA
    response.set_rcode(rcode)
    for record in records:
        name, ttl, rdtype, text = record.split(" ", 3)
        response.answer.append(dns.rrset.from_text(name, int(ttl), "IN", rdtype, text))
    return response


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: "Server") -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for packet in self._server.respond(data, is_tcp=False):
            if self._transport is not None:
                self._transport.sendto(packet, addr)


class Server:
    """Answers as its behaviour says, and remembers every question."""

    def __init__(self, behave: Behaviour) -> None:
        self.behave = behave
        self.asked: list[tuple[str, str, bool]] = []
        self.address = ""

    def respond(self, packet: bytes, *, is_tcp: bool) -> list[bytes]:
        """Return the packets this question gets."""
        question = dns.message.from_wire(packet)
        asked = question.question[0]
        self.asked.append((asked.name.to_text(omit_final_dot=True).lower(), asked.rdtype.name, is_tcp))
        return self.behave(question, is_tcp)

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                for packet in self.respond(await reader.readexactly(length), is_tcp=True):
                    writer.write(len(packet).to_bytes(2, "big") + packet)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def serving(behave: Behaviour) -> AsyncIterator[Server]:
    """Run a server on one free port, UDP and TCP."""
    server = Server(behave)
    tcp = await asyncio.start_server(server._serve_tcp, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Udp(server), local_addr=("127.0.0.1", port)
    )
    server.address = f"127.0.0.1:{port}"
    try:
        yield server
    finally:
        transport.close()
        tcp.close()
        await tcp.wait_closed()
