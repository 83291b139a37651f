"""One SMTP conversation as it stands: what both sides have come to, and our voice. No I/O."""

from enum import StrEnum, auto

from gatepost.arrive import reply
from gatepost.arrive.events import Close, Discard, Event, Refused, Send
from gatepost.arrive.limits import Limits, Patience
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.arrive.transaction import Transaction
from gatepost.arrive.wire import Wire
from gatepost.ids import TenantId

PENDING_MAX_OCTETS = 65_536  # what may wait in the buffer behind an open question
TURN_STEPS = 100
"""Commands and pieces of content read in one turn: a buffer full of short ones must not keep everybody else waiting."""


class Phase(StrEnum):
    """What the session is waiting for."""

    COMMAND = auto()
    LINE_END = auto()  # of a command line that is too long
    DATA = auto()
    CHUNK = auto()
    RECIPIENT_ANSWER = auto()
    MESSAGE_ANSWER = auto()
    HANDSHAKE = auto()
    CLOSED = auto()


_OURS_TO_ANSWER = frozenset({Phase.RECIPIENT_ANSWER, Phase.MESSAGE_ANSWER})


class Dialogue:
    """One conversation as it stands.

    Attributes:
        phase: what is waited for.
        progress_count: grows with whatever the client gets done, and only then; chunks of one message are one thing.
    """

    def __init__(self, limits: Limits) -> None:
        self.phase = Phase.COMMAND
        self.progress_count = 0
        self._limits = limits
        self._patience = Patience(limits)
        self._wire = Wire()
        self._transaction: Transaction | None = None
        self._is_leaving = False
        self._steps_left = TURN_STEPS
        self._events: list[Event] = []
        self._unsent = bytearray()

    @property
    def is_receiving(self) -> bool:
        """A message's content is coming in."""
        if self._transaction is None or self._transaction.inspection is None:
            return False
        return self.phase is not Phase.MESSAGE_ANSWER and self.phase is not Phase.CLOSED

    @property
    def is_waiting(self) -> bool:
        """It is the house's turn, not the client's."""
        return self.phase in _OURS_TO_ANSWER

    @property
    def is_shaking_hands(self) -> bool:
        """What comes is TLS's own, until ``tls_started``."""
        return self.phase is Phase.HANDSHAKE

    @property
    def is_full(self) -> bool:
        """So much waits behind an open question that no more should be read."""
        return self.is_waiting and len(self._wire) > PENDING_MAX_OCTETS

    @property
    def has_more(self) -> bool:
        """The turn ended with octets unread: ``go_on`` reads them."""
        return not self._steps_left and len(self._wire) > 0 and not self.is_waiting and not self.is_closed

    @property
    def is_closed(self) -> bool:
        """The last word was said."""
        return self.phase is Phase.CLOSED

    def _say(self, said: Reply) -> None:
        if not self.is_receiving:
            self.progress_count += 1
        self._unsent += said.encode()

    def _idle(self, said: Reply) -> None:
        """Answer a command that brings no message nearer."""
        self._say(said)
        if self._patience.idle_command():
            self._end(reply.TOO_MANY_ERRORS, Refusal.LIMIT_ERRORS)

    def _fail(self, said: Reply, refusal: Refusal | None = None, tenant: TenantId | None = None) -> None:
        """Refuse a command, and a mail where ``refusal`` says so; only permanent failures try our patience."""
        self._say(said)
        if refusal:
            self._emit(Refused(tenant, refusal))
        if said.is_permanent and self._patience.error():
            self._end(reply.TOO_MANY_ERRORS, Refusal.LIMIT_ERRORS)

    def _end(self, said: Reply, refusal: Refusal | None = None) -> None:
        """Say a last word and close."""
        if refusal:
            self._emit(Refused(self._transaction.tenant if self._transaction else None, refusal))
        self._reset()
        self._wire.clear()
        self._say(said)
        self._emit(Close())
        self.phase = Phase.CLOSED

    def _reset(self) -> None:
        if self._transaction and self._transaction.inspection:
            self._emit(Discard())
        self._transaction = None

    def _emit(self, event: Event) -> None:
        if self._unsent:
            self._events.append(Send(bytes(self._unsent)))
            self._unsent.clear()
        self._events.append(event)

    def _take_events(self) -> list[Event]:
        if self._unsent:
            self._events.append(Send(bytes(self._unsent)))
            self._unsent.clear()
        events, self._events = self._events, []
        return events
