"""Asking name servers: over UDP, and over TCP where an answer is truncated (RFC 7766). The sockets are egress's.

Each question goes out from a port of its own with an id of its own, both unpredictable (RFC 5452 section 9.2), over a
socket that hears the one server alone.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gatepost.clock import Entropy
from gatepost.dns.ears import Ears
from gatepost.dns.paper import Answer, RdType, Status
from gatepost.dns.wire import (
    FORMERR,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    MalformedError,
    Record,
    Reply,
    is_askable,
    question,
    read,
)
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, UnreachableError

MAX_ALIASES = 11
"""Followed in all, however many of them a resolver puts into one reply; as Unbound and BIND. A longer chain or a loop
is a failure of the zone."""
TRIES = 2
MISSING_TTL_S = 5
"""How long a name or type is missing where no SOA says it: many resolvers leave the SOA out. RFC 2308 section 5 would
not have it kept, for caches that ask each other could keep it alive for ever; nobody asks this one."""
SILENT_TTL_S = 10
"""How long a question that nobody answers in two whole tries is not asked again: each mail of a zone whose servers are
silent waited for both (RFC 9520 section 3.2 allows up to five minutes). What is said of it stays TEMPERROR."""
STRAYS_MAX = 100
"""Packets that answer another question, before a try is given up: somebody is guessing."""

_ERRAND = Errand(Purpose.DNS)
_FAILED = Answer(Status.TEMPERROR)
_SILENT = Answer(Status.TEMPERROR, (), SILENT_TTL_S)

Server = tuple[str, int]

LOOK_S = 5.0
"""So often at the most it is asked which name servers there are now."""


class Client:
    """Asks name servers.

    Args:
        servers: address and port of each, best first.
        egress: opens the sockets.
        entropy: for the ids of questions.
        timeout_s: of one try at one server.
        newly: which servers to ask from now on, None for the same; asked every ``LOOK_S`` at the most.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        egress: Egress,
        entropy: Entropy,
        *,
        timeout_s: float,
        newly: Callable[[], Sequence[Server] | None] = lambda: None,
    ) -> None:
        self._servers = list(servers)
        self._newly = newly
        self._looked_at = -math.inf
        self._egress = egress
        self._entropy = entropy
        self._timeout_s = timeout_s
        self._ears = Ears()

    async def ask(self, name: str, rdtype: RdType, *, until: float = math.inf) -> Answer:
        """Ask once, following aliases; failures are values, and so is no answer by loop time ``until``.

        An answer lives as long as the shortest TTL on the way to it. What is missing is remembered as long as its
        zone's SOA says (RFC 2308 section 5), and for ``MISSING_TTL_S`` where there is none. A name said to be missing
        is, whatever stands beside that.
        """
        owner = name.lower()
        aliases, way_ttl_s = 0, None  # so far, and the shortest of their TTLs
        while True:
            reply = await self._exchange(owner, rdtype, until)
            if isinstance(reply, Answer):
                return reply
            way = follow(owner, reply.records)
            aliases += way.aliases
            way_ttl_s = _least(way_ttl_s, way.ttl_s)
            if aliases > MAX_ALIASES:
                break
            if way.records and reply.rcode != NXDOMAIN:
                return Answer(Status.OK, way.records, way_ttl_s or 0)
            if reply.rcode == NXDOMAIN or not is_askable(way.last):  # of the last alias (RFC 6604 section 3)
                return Answer(Status.NXDOMAIN, (), _missing_s(reply, way_ttl_s))
            if not way.aliases or reply.negative_ttl_s is not None:
                return Answer(Status.NODATA, (), _missing_s(reply, way_ttl_s))
            owner = way.last
        return _FAILED

    def close(self) -> None:
        """Hear no more answers; nobody may be asking."""
        self._ears.close()

    async def _exchange(self, name: str, rdtype: RdType, until: float) -> Reply | Answer:
        """Return the first reply that says whether there are records; a failure where no server gives one in time.

        A server that says it cannot tell says so again: it is asked once, and the others after it (RFC 9520 section 3.1
        wants few questions where something fails).
        """
        time = asyncio.get_running_loop().time
        unable: set[Server] = set()
        silences, is_heard = 0, False
        self._look(time())
        for _ in range(TRIES):
            for server in [each for each in self._servers if each not in unable]:
                began = time()
                if began >= until:
                    break
                try:
                    reply = await self._ask(server, name, rdtype, min(until, began + self._timeout_s))
                except (TimeoutError, OSError, UnreachableError, EgressRefusedError, MalformedError) as error:
                    # Where the question's own time ended it may have waited for a turn: no fault of the server's.
                    if not (isinstance(error, TimeoutError) and time() >= until):
                        self._put_last(server)
                    is_heard = is_heard or not isinstance(error, TimeoutError)
                    silences += began + self._timeout_s <= until
                    continue
                if reply is not None and reply.rcode in {NOERROR, NXDOMAIN} and not reply.is_referral:
                    return reply
                is_heard = True
                if reply is not None:
                    unable.add(server)
        return _FAILED if is_heard or silences < TRIES else _SILENT

    def _look(self, now: float) -> None:
        if now - self._looked_at >= LOOK_S:
            self._looked_at = now
            if servers := self._newly():
                self._servers = list(servers)

    def _put_last(self, server: Server) -> None:
        """Ask the others first from now on: one dead server must not cost every question a time-out."""
        if self._servers[0] == server:
            self._servers.append(self._servers.pop(0))

    async def _ask(self, server: Server, name: str, rdtype: RdType, until: float) -> Reply | None:
        reply = None
        for with_edns in (True, False):  # a server older than EDNS says FORMERR (RFC 6891 section 7)
            number = int.from_bytes(self._entropy(2), "big")
            packet = question(name, rdtype, number, with_edns=with_edns)
            reply = await self._over_udp(server, packet, name, rdtype, number, until)
            if reply is not None and reply.is_truncated:
                async with asyncio.timeout_at(until):
                    reply = await self._over_tcp(server, packet, name, rdtype, number)
            if reply is None or reply.rcode not in {FORMERR, NOTIMP}:
                return reply
        return reply

    async def _over_udp(
        self, server: Server, packet: bytes, name: str, rdtype: RdType, number: int, until: float
    ) -> Reply | None:
        with self._egress.datagrams(_ERRAND, *server) as socket:
            socket.send(packet)
            for _ in range(STRAYS_MAX):
                got = await self._ears.hear(socket, until)
                reply = read(got, name=name, rdtype=rdtype, number=number)
                if reply is not None:
                    return reply
        return None

    async def _over_tcp(self, server: Server, packet: bytes, name: str, rdtype: RdType, number: int) -> Reply | None:
        host, port = server
        opened = await self._egress.connect(_ERRAND, host, port, timeout_s=self._timeout_s)
        reader, writer = await asyncio.open_connection(sock=opened.socket)
        try:
            writer.write(len(packet).to_bytes(2, "big") + packet)
            length = int.from_bytes(await reader.readexactly(2), "big")
            reply = read(await reader.readexactly(length), name=name, rdtype=rdtype, number=number)
        except asyncio.IncompleteReadError as error:
            raise UnreachableError("the answer was cut off") from error
        finally:
            writer.transport.abort()  # there is nothing left to say
        return None if reply is None or reply.is_truncated else reply


class Way(NamedTuple):
    """Where the aliases inside one answer lead: the last name, its records, the shortest TTL on the way."""

    last: str
    records: tuple[str, ...]
    ttl_s: int | None
    aliases: int


def follow(name: str, records: Sequence[Record]) -> Way:
    """Walk the aliases inside one answer, until they are too many. Records of other owners are nobody's.

    Some resolvers give a DNAME from their cache without the CNAME that it means (RFC 6672 section 3.1), as
    systemd-resolved does.
    """
    ttl_s = None
    owner = name
    for at in range(MAX_ALIASES + 2):
        found = [record for record in records if record.owner == owner and not record.is_below]
        own = [record for record in found if not record.is_alias]
        if own:
            return Way(owner, tuple([one.text for one in own]), _least(ttl_s, min([one.ttl_s for one in own])), at)
        found = found or [record for record in records if record.is_below and owner.endswith("." + record.owner)]
        if not found:
            break
        alias = max(found, key=lambda each: len(each.owner))  # of several DNAMEs the closest
        ttl_s = _least(ttl_s, alias.ttl_s)
        owner = owner.removesuffix(alias.owner) + alias.text if alias.is_below else alias.text
    return Way(owner, (), ttl_s, at)


def _missing_s(reply: Reply, way_ttl_s: int | None) -> int:
    """Return how long what the reply says is missing may be remembered, on a way of aliases that live so long."""
    said_s = MISSING_TTL_S if reply.negative_ttl_s is None else reply.negative_ttl_s
    return said_s if way_ttl_s is None else min(said_s, way_ttl_s)


def _least(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)
