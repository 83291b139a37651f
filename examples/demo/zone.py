"""The demo's internet as its name servers tell it: a real authoritative server, UDP and TCP, on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from typing_extensions import override

TTL_S = 60
CLASSIC_UDP_OCTETS = 512  # RFC 1035 section 4.2.1: the limit for a client that offers no EDNS
_ID_OCTETS = 2  # RFC 1035 section 4.1.1: what a message begins with
TXT_STRING_OCTETS = 255  # RFC 1035 section 3.3: one character-string


class Zone:
    """Every record there is. What is not in here does not exist: the zone is the whole tree from the root."""

    def __init__(self) -> None:
        self._sets: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rrset.RRset] = {}
        self._names: set[dns.name.Name] = set()
        self._spelled: dict[bytes, bytes] = {}
        self._soa = dns.rrset.from_text(".", TTL_S, "IN", "SOA", f"ns.example. demo.example. 1 600 60 3600 {TTL_S}")

    def add(self, name: str, rdtype: str, text: str) -> None:
        """Add one record; a TXT ``text`` is the value itself, cut here into character-strings."""
        self._spelled.clear()
        if rdtype == "TXT" and not text.startswith('"'):
            cuts = range(0, len(text), TXT_STRING_OCTETS)
            text = " ".join(f'"{text[at : at + TXT_STRING_OCTETS]}"' for at in cuts)
        owner = dns.name.from_text(name.lower())
        found = dns.rrset.from_text(owner, TTL_S, "IN", rdtype, text)
        key = (owner, found.rdtype)
        if key in self._sets:
            for rdata in found:
                self._sets[key].add(rdata)
        else:
            self._sets[key] = found
        while owner != dns.name.root:  # what lies below a name makes it exist (RFC 8020)
            self._names.add(owner)
            owner = owner.parent()

    def spell(self, wire: bytes) -> None:
        """Spell out the answer to a query over UDP before it comes: for who measures others, and not this server."""
        answer = respond(self, wire, over_udp=True)
        if answer is not None:
            self._spelled[wire[_ID_OCTETS:]] = answer[_ID_OCTETS:]

    def spelled(self, wire: bytes) -> bytes | None:
        """Return the answer that was spelled out for the same query, whatever its id."""
        found = self._spelled.get(wire[_ID_OCTETS:])
        return None if found is None else wire[:_ID_OCTETS] + found

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """Answer one question: the records, an empty answer, or NXDOMAIN (RFC 2308)."""
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            response.set_rcode(dns.rcode.NOTIMP)
            return response
        asked = query.question[0]
        name = dns.name.from_text(asked.name.to_text().lower())  # resolvers may mix case on purpose
        found = self._sets.get((name, asked.rdtype))
        if found is not None:
            echoed = dns.rrset.from_rdata_list(asked.name, TTL_S, list(found))
            response.answer.append(echoed)
            return response
        if name not in self._names:
            response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(self._soa)
        return response


def respond(zone: Zone, wire: bytes, *, over_udp: bool) -> bytes | None:
    """Return the answer's octets, None for what is no query; a long answer over UDP says: ask again over TCP."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    response = zone.answer(query)
    if not over_udp:
        return response.to_wire(max_size=65_535)
    limit = max(query.payload, CLASSIC_UDP_OCTETS)
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        short = dns.message.make_response(query)
        short.flags |= dns.flags.AA | dns.flags.TC
        return short.to_wire(max_size=limit)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own is no subclass of it

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._zone.spelled(data) or respond(self._zone, data, over_udp=True)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


class _Tcp:
    """The connections that are open, so that none outlives the server."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._open: dict[asyncio.Task[object], asyncio.StreamWriter] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer length-prefixed queries until the client goes (RFC 7766)."""
        if (task := asyncio.current_task()) is not None:
            self._open[task] = writer
            task.add_done_callback(self._open.pop)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    answer = respond(self._zone, await reader.readexactly(length), over_udp=False)
                    if answer is None:
                        return
                    writer.write(len(answer).to_bytes(2, "big") + answer)
                    await writer.drain()
        finally:
            writer.close()

    async def hang_up(self) -> None:
        """Close what is still open and wait until it is."""
        for writer in self._open.values():
            writer.close()
        if self._open:
            await asyncio.wait(set(self._open))


@contextlib.asynccontextmanager
async def serve(zone: Zone, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve ``zone`` over UDP and TCP on one free port; yield that port."""
    clients = _Tcp(zone)
    tcp, udp, port = await _bind(zone, clients, host)
    try:
        yield port
    finally:
        udp.close()
        tcp.close()
        await clients.hang_up()


async def _bind(zone: Zone, clients: _Tcp, host: str) -> tuple[asyncio.Server, asyncio.DatagramTransport, int]:
    """Find a port that is free for both transports."""
    for _ in range(20):
        tcp = await asyncio.start_server(clients.serve, host, 0)
        port = int(tcp.sockets[0].getsockname()[1])
        try:
            udp, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Udp(zone), local_addr=(host, port)
            )
        except OSError:  # somebody's UDP socket has that number: take another
            tcp.close()
            continue
        return tcp, udp, port
    raise OSError(f"no port on {host} is free for both UDP and TCP")
