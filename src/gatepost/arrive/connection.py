"""One client's connection: its octets to the session, the session's events to the socket, its clock and its valve."""

import asyncio
import math
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol, cast

import structlog
from typing_extensions import override

from gatepost.arrive import reply
from gatepost.arrive.capacity import Capacity
from gatepost.arrive.desk import Desk
from gatepost.arrive.events import AskMessage, AskRecipient, Close, Content, Discard, Event, Refused, Send, StartTls
from gatepost.arrive.limits import STINGY_OCTETS, Admissions, Limits, client_address
from gatepost.arrive.paper import Arrived, Peer
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.arrive.session import Session
from gatepost.arrive.spool import Spool, Spooled, SpoolError, Spools
from gatepost.arrive.tunnel import Tunnel
from gatepost.arrive.turns import MUCH_OCTETS, Turns
from gatepost.clock import Clock, Entropy
from gatepost.ids import BlobId, email_id
from gatepost.mail.octets import Octets

LINGER_S = 2.0  # for the client to read a last word before the socket goes

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What every connection of one server stands on."""

    hostname: str
    limits: Limits
    desk: Desk
    tls: ssl.SSLContext | None
    clock: Clock
    entropy: Entropy
    admissions: Admissions
    spools: Spools
    turns: Turns
    capacity: Capacity


class Owner(Protocol):
    """Whoever answers for connections and their tasks."""

    def enter(self, connection: "Connection") -> None:
        """Count a connection in."""

    def turned_away(self) -> None:
        """Take note that somebody was not let in."""

    def leave(self, connection: "Connection") -> None:
        """Count a connection out; it may already be."""

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something until it is done."""


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, premises: Premises, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._premises = premises
        self._owner = owner
        self._loop = loop
        self._session = Session(
            hostname=premises.hostname,
            limits=premises.limits,
            offers_tls=premises.tls is not None,
            short_of=premises.capacity.refusal,
        )
        self._spool = Spool(premises.spools)
        self._transport: asyncio.Transport
        self._address: IPv4Address | IPv6Address
        self._tunnel: Tunnel | None = None
        self._question: AskRecipient | AskMessage | None = None
        self._is_working = False
        self._is_paused = False
        self._is_slow_reader = False
        self._awaits_turn = False
        self._has_hung_up = False  # the client has closed its half
        self._is_inside = False
        self._progress_count = -1
        self._octets_count = 0
        self._seen: tuple[int, int] | None = None
        self._deadline = math.inf
        self._timer: asyncio.Handle | None = None
        self._rings_at = math.inf

    # What the event loop tells us.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peername = transport.get_extra_info("peername")
        if not peername:  # gone before we looked
            self._transport.abort()
            return
        self._address = client_address(peername[0])
        lets_in = self._premises.capacity.lets_in(transport.get_extra_info("socket").fileno())
        self._is_inside = lets_in and self._premises.admissions.admit(self._address)
        if not self._is_inside:
            self._owner.turned_away()
            self._owner.run(self._premises.desk.refused(None, Refusal.LIMIT_CONNECTIONS))
            self._transport.write(reply.TOO_MANY_CONNECTIONS.encode())
            self._transport.close()
            return
        self._owner.enter(self)
        self._perform(self._session.greet())

    @override
    def data_received(self, data: bytes) -> None:
        self._octets_count += len(data)
        if len(data) >= MUCH_OCTETS:
            self._await_turn()
        if self._tunnel is None:
            self._perform(self._session.feed(data))
        elif not self._session.is_closed:
            self._hear(self._tunnel, data)

    @override
    def eof_received(self) -> bool:
        """Keep our half open while an answer is owed."""
        self._has_hung_up = True
        owes_answer = self._session.is_waiting or self._session.has_more
        if not owes_answer:
            self._session.lost()
            self._wind()
        return owes_answer

    @override
    def pause_writing(self) -> None:
        self._is_slow_reader = True
        self._balance()

    @override
    def resume_writing(self) -> None:
        self._is_slow_reader = False
        self._take_turns()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client. An answer still being made is made; nobody will hear it (RFC 1047)."""
        if self._timer:
            self._timer.cancel()
        if self._is_inside:
            self._is_inside = False
            self._premises.admissions.leave(self._address)
        self._session.lost()
        self._spool.discard()
        self._owner.leave(self)

    # What the server tells us.

    def shut_down(self) -> None:
        """Say goodbye as soon as no message is under way."""
        self._perform(self._session.shut_down())

    def look(self) -> None:
        """Remember how far the client has come."""
        self._seen = self._session.progress_count, self._octets_count

    def is_idle(self) -> bool:
        """Tell whether, since the last look, the client got nothing done and brought next to nothing of a message."""
        session = self._session
        if self._seen is None or session.is_waiting or session.is_closed or self._awaits_turn:
            return False
        progress, octets = self._seen
        is_stingy = not session.is_receiving or self._octets_count - octets < STINGY_OCTETS
        return session.progress_count == progress and is_stingy

    def make_room(self) -> None:
        """End the conversation and leave at once: there is no time to linger."""
        self._time_out()
        self._transport.close()

    def hang_up(self) -> None:
        """Close now."""
        self._transport.abort()

    # What the session wants.

    def _perform(self, events: list[Event]) -> None:
        """Do what the session wants, in order; what it says in one go is written in one go."""
        unsent: list[bytes] = []
        while events:
            further: list[Event] = []
            for event in events:
                match event:
                    case Send(octets):
                        unsent.append(octets)
                    case Content(octets):
                        self._spool.add(octets)
                    case AskRecipient(address) if known := self._premises.desk.known_route(address):
                        further = self._session.recipient_answered(known)  # a question is the last event
                    case AskRecipient() | AskMessage():
                        self._question = event
                    case _:
                        self._write(unsent)
                        self._obey(event)
            events = further
        self._write(unsent)
        if self._question and not self._is_working:
            self._is_working = True
            self._owner.run(self._work())
        self._take_turns()
        self._wind()

    def _write(self, unsent: list[bytes]) -> None:
        if unsent:
            octets = b"".join(unsent)
            unsent.clear()
            if self._tunnel is None:
                self._transport.write(octets)
            elif self._tunnel.tls:  # within the handshake nothing can be said
                self._transport.write(self._tunnel.seal(octets))

    def _obey(self, event: Discard | Refused | StartTls | Close) -> None:
        match event:
            case Discard():
                self._spool.discard()
            case Refused(tenant, refusal):
                self._owner.run(self._premises.desk.refused(tenant, refusal))
            case StartTls():
                if self._premises.tls is not None:
                    self._tunnel = Tunnel(self._premises.tls)
            case Close():
                self._close()

    async def _work(self) -> None:
        """Answer questions until the session has none."""
        try:
            while question := self._question:
                self._question = None
                match question:
                    case AskRecipient(address):
                        answer = await self._premises.desk.recipient(address)
                        self._perform(self._session.recipient_answered(answer))
                    case AskMessage():
                        self._perform(self._session.message_answered(await self._hand_in(question)))
            self._is_working = False
        finally:
            if self._is_working:  # a broken promise of ours: better no answer than none for ever
                self._transport.abort()
        self._leave_if_alone()

    async def _hand_in(self, asked: AskMessage) -> Reply:
        """Hand a whole message in, and let go of it once it is answered."""
        desk, tenant = self._premises.desk, asked.destination.tenant
        try:
            raw, blob = self._spool.take()
        except SpoolError as error:
            log.warning("smtp.spool_failed", tenant=tenant, is_full=error.is_full)
            return reply.NO_ROOM if error.is_full else reply.TRY_AGAIN
        try:
            with self._premises.capacity.in_flight():
                said = await desk.message(self._arrived(asked, raw, blob))
        finally:
            if isinstance(raw, Spooled):
                raw.close()
        if said is reply.TRY_AGAIN:  # counted beside the answer: what failed may keep the counting waiting too
            self._owner.run(desk.refused(tenant, Refusal.HOUSE_UNSETTLED))
        return said

    def _arrived(self, asked: AskMessage, raw: Octets, blob: BlobId) -> Arrived:
        now = self._premises.clock()
        return Arrived.by_smtp(
            email=email_id(now, self._premises.entropy(10)),
            destination=asked.destination,
            envelope=asked.envelope,
            peer=Peer(self._address, asked.helo, self._tunnel.tls if self._tunnel else None),
            raw=raw,
            blob=blob,
            received_at=now,
        )

    # TLS, and the end.

    def _hear(self, tunnel: Tunnel, data: bytes) -> None:
        """Take what came through TLS, or of its handshake."""
        try:
            said = tunnel.receive(data)
        except ssl.SSLError as error:
            if tunnel.tls is None:
                log.info("smtp.handshake_failed", error=type(error).__name__)
            self._transport.write(tunnel.unsent())
            self._session.lost()
            self._transport.close()
            self._wind()
            return
        if unsent := tunnel.unsent():
            self._transport.write(unsent)
        if tunnel.tls and self._session.is_shaking_hands:
            self._perform(self._session.tls_started())
        self._perform(self._session.feed(said))
        if tunnel.has_ended and not self._has_hung_up and not self.eof_received():
            self._hang_up()

    def _leave_if_alone(self) -> None:
        """End where the client has hung up and nothing is owed to it any more."""
        if self._has_hung_up and not self._session.is_waiting and not self._session.has_more:
            self._session.lost()
            self._hang_up()
            self._wind()

    def _hang_up(self) -> None:
        if self._tunnel and not self._transport.is_closing():
            self._transport.write(self._tunnel.end())
        self._transport.close()

    def _close(self) -> None:
        """Close our half and let the client read the last word: a full close could take it away by a reset."""
        if self._transport.is_closing():
            return
        if self._has_hung_up:
            self._hang_up()
            return
        try:
            if self._tunnel:
                self._transport.write(self._tunnel.end())
            self._transport.write_eof()
        except OSError:  # the client has reset the connection and the loop has not told us yet
            self._transport.abort()

    # Valve and clock.

    def _balance(self) -> None:
        """Read from the client only while there is room, and while it reads what we say."""
        wants_pause = self._session.is_full or self._is_slow_reader or self._awaits_turn
        if wants_pause == self._is_paused or self._transport.is_closing():
            return
        self._is_paused = wants_pause
        if wants_pause:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _take_turns(self) -> None:
        """Let others in between where more was sent than one turn reads; whoever does not listen has no turn."""
        if self._session.has_more and not self._is_slow_reader:
            self._await_turn()
        self._balance()

    def _await_turn(self) -> None:
        if not self._awaits_turn:
            self._awaits_turn = True
            self._premises.turns.wait(self._go_on)

    def _go_on(self) -> None:
        self._awaits_turn = False
        if self._session.has_more and not self._is_slow_reader:
            self._perform(self._session.go_on())
            self._leave_if_alone()
        self._balance()

    def _wind(self) -> None:
        """Set the deadline anew where the client got something done: octets alone are no progress."""
        session, limits = self._session, self._premises.limits
        if not self._is_inside:
            return
        if session.is_waiting:
            self._deadline = math.inf
            self._progress_count = -1
            return
        if session.progress_count != self._progress_count:
            self._progress_count = session.progress_count
            allowed_s = limits.data_s if session.is_receiving else limits.idle_s
            allowed_s = limits.handshake_s if session.is_shaking_hands else allowed_s
            self._deadline = self._loop.time() + (LINGER_S if session.is_closed else allowed_s)
        if self._timer is None or self._deadline < self._rings_at:
            self._set_timer()

    def _set_timer(self) -> None:
        """One timer a connection: it is rarely moved, and looks at the deadline when it rings."""
        if self._timer:
            self._timer.cancel()
        self._rings_at = self._deadline  # uvloop's handles do not always know
        self._timer = None if self._deadline == math.inf else self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self._set_timer()
        else:
            self._time_out()

    def _time_out(self) -> None:
        if self._session.is_closed or self._session.is_shaking_hands:
            self._transport.abort()
        else:
            self._perform(self._session.timed_out())
