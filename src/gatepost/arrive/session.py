"""One SMTP conversation (RFC 5321), without a socket: octets in, events out.

The session knows no clock and no network. The server feeds it octets, performs the events it returns in order, and
answers its two questions (where does a recipient lead, what becomes of a message). While a question is open, what the
client pipelines (RFC 2920) stays in the buffer. However the octets were cut into pieces, the events say the same:
what follows DATA without waiting for the go-ahead is therefore content, never commands.
"""

from collections.abc import Callable
from typing import ClassVar

from gatepost.arrive import reply
from gatepost.arrive.command import CommandError, parse_bdat, parse_helo, parse_mail, parse_rcpt, split
from gatepost.arrive.content import REPLIES, Inspection
from gatepost.arrive.dialogue import TURN_STEPS, Dialogue, Phase
from gatepost.arrive.events import (
    AskMessage,
    AskRecipient,
    Content,
    Event,
    RecipientAnswer,
    StartTls,
)
from gatepost.arrive.limits import RECIPIENTS_ASKED_FACTOR, Limits
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.arrive.transaction import Chunk, Transaction
from gatepost.mail.address import Address

SKIPPED_MAX_OCTETS = 1_048_576  # of one command line that is too long anyway
FOREIGN_VERBS = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"PRI"})  # a browser was led here
UNOFFERED_VERBS = frozenset({b"EXPN", b"AUTH", b"TURN", b"ETRN", b"ATRN", b"BURL", b"SEND", b"SOML", b"SAML"})


ShortOf = Callable[[int], Reply | None]


class Session(Dialogue):
    """The server's half of one conversation.

    Args:
        hostname: our own name; also the domain of mail to the bare ``postmaster``.
        limits: what to take from this client.
        offers_tls: STARTTLS is possible.
        short_of: says why no message of so many octets can be taken now; None where it can.
    """

    def __init__(
        self, *, hostname: str, limits: Limits, offers_tls: bool, short_of: ShortOf = lambda _size_octets: None
    ) -> None:
        super().__init__(limits)
        self._short_of = short_of
        self._hostname = hostname
        self._offers_tls = offers_tls
        self._helo: str | None = None
        self._is_extended = False
        self._chunk = Chunk(0, is_last=False)
        self._asked: Address | None = None
        self._skipped_octets = 0

    # What the server tells the session.

    def greet(self) -> list[Event]:
        """Open the conversation."""
        self._say(reply.greeting(self._hostname))
        return self._take_events()

    def feed(self, octets: bytes) -> list[Event]:
        """Take what the client sent. Between ``StartTls`` and ``tls_started`` it is void (RFC 3207 section 5)."""
        if self.phase is not Phase.CLOSED and self.phase is not Phase.HANDSHAKE:
            self._wire.append(octets)
            self._begin_turn()
        return self._take_events()

    def go_on(self) -> list[Event]:
        """Read on where the last turn ended with ``has_more``."""
        self._begin_turn()
        return self._take_events()

    def recipient_answered(self, answer: RecipientAnswer) -> list[Event]:
        """Answer ``AskRecipient``."""
        if self.phase is Phase.RECIPIENT_ANSWER and self._transaction:
            self.phase = Phase.COMMAND
            recipient = self._asked or Address.parse(f"postmaster@{self._hostname}")
            said, tenant, refusal = self._transaction.add(recipient, answer)
            if refusal:
                self._fail(said, refusal, tenant)
            else:
                self._say(said)
            self._advance()
        return self._take_events()

    def message_answered(self, said: Reply) -> list[Event]:
        """Answer ``AskMessage``: one reply for all recipients."""
        if self.phase is Phase.MESSAGE_ANSWER:
            self.phase = Phase.COMMAND
            self._transaction = None
            if said.is_positive:
                self._patience.renew()
            self._say(said)
            if self._is_leaving:
                self._end(reply.SHUTTING_DOWN)
            self._begin_turn()
        return self._take_events()

    def tls_started(self) -> list[Event]:
        """Begin again: nothing said before the handshake counts (RFC 3207 section 4.2)."""
        if self.phase is Phase.HANDSHAKE:
            self.phase = Phase.COMMAND
            self.progress_count += 1
            self._offers_tls = False
        return self._take_events()

    def timed_out(self) -> list[Event]:
        """End a conversation in which the client took too long."""
        if self.phase is not Phase.CLOSED:
            self._end(reply.TIMED_OUT, Refusal.LIMIT_TIME if self.is_receiving else None)
        return self._take_events()

    def shut_down(self) -> list[Event]:
        """End the conversation, after the message that is under way if there is one."""
        if self.is_receiving or self.phase is Phase.MESSAGE_ANSWER:
            self._is_leaving = True
        elif self.phase is not Phase.CLOSED:
            self._end(reply.SHUTTING_DOWN)
        return self._take_events()

    def lost(self) -> None:
        """Forget a client that is gone: what it had still to say is void, and nobody hears an answer."""
        self._wire.clear()
        self._transaction = None
        self.phase = Phase.CLOSED
        self.progress_count += 1

    # Reading.

    def _begin_turn(self) -> None:
        self._steps_left = TURN_STEPS
        self._advance()

    def _advance(self) -> None:
        """Read on as far as the octets, the phase and the turn allow: answered questions do not begin a new one."""
        while self._steps_left and (read := self._READERS.get(self.phase)) and read(self):
            self._steps_left -= 1
        self._wire.let_go()

    def _read_command(self) -> bool:
        line = self._wire.line()
        line_max = self._limits.command_line_max_octets - 2
        if line is None:
            if len(self._wire) <= line_max + 1:  # the one more may be the CR of its end
                return False
            self.phase = Phase.LINE_END
            self._skipped_octets = 0
        elif len(line) > line_max:
            self._end_skipped_line(len(line))
        else:
            self._obey(line)
        return True

    def _read_line_end(self) -> bool:
        line = self._wire.line()
        self._skipped_octets += self._wire.skip_part_of_line() if line is None else len(line)
        if line is None and self._skipped_octets <= SKIPPED_MAX_OCTETS:
            return False
        self._end_skipped_line(self._skipped_octets)
        return True

    def _end_skipped_line(self, octets: int) -> None:
        self.phase = Phase.COMMAND
        if octets > SKIPPED_MAX_OCTETS:
            self._end(reply.TOO_MANY_ERRORS, Refusal.LIMIT_ERRORS)
        else:
            self._fail(reply.LINE_TOO_LONG)

    def _obey(self, line: bytes) -> None:
        try:
            verb, argument = split(line)
            if obey := self._VERBS.get(verb):
                obey(self, argument)
            elif verb in FOREIGN_VERBS:
                self._end(reply.NOT_SMTP)
            else:
                self._fail(reply.NOT_IMPLEMENTED if verb in UNOFFERED_VERBS else reply.UNKNOWN_COMMAND)
        except CommandError as error:
            self._fail(error.answer, error.refusal, self._transaction.tenant if self._transaction else None)

    def _read_data(self) -> bool:
        piece, is_end = self._wire.data()
        self._receive(piece)
        if is_end and self.phase is Phase.DATA:
            self._content_ended()
        return is_end

    def _read_chunk(self) -> bool:
        chunk = self._chunk
        piece = self._wire.take(chunk.left_octets)
        chunk.left_octets -= len(piece)
        if chunk.failure is None:
            self._receive(piece)
        if chunk.left_octets:
            return False
        self._chunk_ended(chunk)
        return True

    # Content.

    def _begin_content(self, transaction: Transaction) -> None:
        transaction.inspection = Inspection(self._limits)
        self.progress_count += 1

    def _receive(self, piece: bytes) -> None:
        """Pass content on while it is sound."""
        if not piece or self._transaction is None or self._transaction.inspection is None:
            return
        inspection = self._transaction.inspection
        inspection.see(piece)
        if inspection.size_octets > self._limits.abandon_octets:
            self._end(reply.TOO_BIG, Refusal.SIZE_EXCEEDED)
        elif inspection.flaw is None:
            self._events.append(Content(piece))

    def _chunk_ended(self, chunk: Chunk) -> None:
        self.phase = Phase.COMMAND
        flaw = self._transaction.inspection.flaw if self._transaction and self._transaction.inspection else None
        if chunk.failure:
            tenant = self._transaction.tenant if self._transaction else None
            self._reset()  # a failed chunk ends the transaction (RFC 3030 section 2)
            self._fail(chunk.failure, chunk.refusal, tenant)
        elif chunk.is_last or flaw:
            self._content_ended(is_whole=chunk.is_last)
        elif self._patience.chunk(chunk.size_octets):
            self._end(reply.TOO_MANY_ERRORS, Refusal.LIMIT_ERRORS)
        else:
            self._say(reply.CHUNK_OK)

    def _content_ended(self, *, is_whole: bool = True) -> None:
        transaction = self._transaction
        if transaction is None or transaction.inspection is None or transaction.destination is None:
            return
        if is_whole:
            transaction.inspection.end()
        if flaw := transaction.inspection.flaw:
            self.phase = Phase.COMMAND
            self._reset()
            self._fail(REPLIES[flaw], flaw, transaction.tenant)
            if self._is_leaving:
                self._end(reply.SHUTTING_DOWN)
        else:
            self.phase = Phase.MESSAGE_ANSWER
            self._emit(AskMessage(transaction.envelope, transaction.destination, self._helo or ""))

    # Commands.

    def _ehlo(self, argument: bytes) -> None:
        helo = parse_helo(argument)
        limits = f"LIMITS RCPTMAX={self._limits.recipients_max} MAILMAX={self._limits.transactions_max}"
        size = f"SIZE {self._limits.size_max_octets}"
        offered = (size, "PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", limits, "HELP")
        starttls = ("STARTTLS",) if self._offers_tls else ()
        self._greeted(helo, reply.hello(self._hostname, (*offered, *starttls)), is_extended=True)

    def _helo_plain(self, argument: bytes) -> None:
        self._greeted(parse_helo(argument), reply.hello(self._hostname), is_extended=False)

    def _greeted(self, helo: str, said: Reply, *, is_extended: bool) -> None:
        self._helo, self._is_extended = helo, is_extended
        self._reset()
        self._idle(said)

    def _mail(self, argument: bytes) -> None:
        if self._helo is None or self._transaction is not None:
            raise CommandError(reply.BAD_SEQUENCE)
        mail = parse_mail(argument, is_extended=self._is_extended)
        if mail.size_octets > self._limits.size_max_octets:
            raise CommandError(reply.TOO_BIG, Refusal.SIZE_EXCEEDED)
        if self._patience.transaction():
            self._end(reply.TOO_MANY_TRANSACTIONS, Refusal.LIMIT_TRANSACTIONS)
            return
        if (shortage := self._short_of(mail.size_octets)) is not None:
            self._turn_away(shortage)
            return
        self._transaction = Transaction(mail.sender, is_smtputf8=mail.is_smtputf8)
        self._say(reply.SENDER_OK)

    def _turn_away(self, shortage: Reply) -> None:
        """Take no message now; 421 also ends the connection (RFC 5321 section 3.8)."""
        if shortage.code == reply.OVERLOADED.code:
            self._end(shortage)
        else:
            self._say(shortage)

    def _rcpt(self, argument: bytes) -> None:
        transaction = self._transaction
        if transaction is None or transaction.inspection is not None:
            raise CommandError(reply.BAD_SEQUENCE)
        transaction.asked_count += 1
        if transaction.asked_count > RECIPIENTS_ASKED_FACTOR * self._limits.recipients_max:
            self._end(reply.TOO_MANY_ERRORS, Refusal.LIMIT_ERRORS)
            return
        self._asked = parse_rcpt(argument, is_smtputf8=transaction.is_smtputf8)
        if len(transaction.recipients) >= self._limits.recipients_max:
            raise CommandError(reply.TOO_MANY_RECIPIENTS, Refusal.RECIPIENT_TOO_MANY)
        self.phase = Phase.RECIPIENT_ANSWER
        self._emit(AskRecipient(self._asked))

    def _data(self, argument: bytes) -> None:
        transaction = self._transaction
        if argument:
            raise CommandError(reply.SYNTAX)
        if transaction is None or transaction.inspection is not None:  # never after BDAT (RFC 3030 section 2)
            raise CommandError(reply.BAD_SEQUENCE)
        if transaction.destination is None:
            raise CommandError(reply.NO_RECIPIENTS)
        self._begin_content(transaction)
        self._wire.begin_data()
        self.phase = Phase.DATA
        self._say(reply.GO_AHEAD)

    def _bdat(self, argument: bytes) -> None:
        try:
            bdat = parse_bdat(argument)
        except CommandError as error:
            self._end(error.answer)  # nobody knows where this chunk ends: reading on would take content for commands
            return
        if bdat.size_octets > self._limits.abandon_octets:
            self._end(reply.TOO_BIG, Refusal.SIZE_EXCEEDED)
            return
        self._chunk = Chunk.of(bdat, self._transaction, self._limits)
        if self._transaction and not self._chunk.failure and not self._transaction.inspection:
            self._begin_content(self._transaction)
        self.phase = Phase.CHUNK

    def _rset(self, argument: bytes) -> None:
        if argument:
            raise CommandError(reply.SYNTAX)
        self._reset()
        self._idle(reply.OK)

    def _noop(self, _: bytes) -> None:
        self._idle(reply.OK)

    def _vrfy(self, _: bytes) -> None:
        self._idle(reply.CANNOT_VERIFY)

    def _help(self, _: bytes) -> None:
        self._idle(reply.HELP)

    def _starttls(self, argument: bytes) -> None:
        if argument:
            raise CommandError(reply.SYNTAX)
        if not self._offers_tls:
            raise CommandError(reply.NOT_IMPLEMENTED)
        self._reset()
        self._helo = None
        self._wire.clear()  # whoever could write into the clear text must not be heard after the handshake
        self.phase = Phase.HANDSHAKE
        self._say(reply.READY_FOR_TLS)
        self._emit(StartTls())

    def _quit(self, _: bytes) -> None:
        self._end(reply.GOODBYE)

    _READERS: ClassVar[dict[Phase, Callable[["Session"], bool]]] = {
        Phase.COMMAND: _read_command,
        Phase.LINE_END: _read_line_end,
        Phase.DATA: _read_data,
        Phase.CHUNK: _read_chunk,
    }
    _VERBS: ClassVar[dict[bytes, Callable[["Session", bytes], None]]] = {
        b"EHLO": _ehlo,
        b"HELO": _helo_plain,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"BDAT": _bdat,
        b"RSET": _rset,
        b"NOOP": _noop,
        b"VRFY": _vrfy,
        b"HELP": _help,
        b"STARTTLS": _starttls,
        b"QUIT": _quit,
    }
