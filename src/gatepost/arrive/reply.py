"""What the SMTP door answers: the shape of a reply (RFC 5321 section 4.2) and every text it may say.

A text tells a stranger what to do next and nothing about the house: no version, no policy, no name of an account.
"""

from dataclasses import dataclass, field

LINE_MAX_OCTETS = 512  # RFC 5321 section 4.5.3.1.5, CRLF included
_TRANSIENT, _PERMANENT = 400, 500  # RFC 5321 section 4.2.1: where the codes of refusals begin


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply.

    Attributes:
        code: three digits (RFC 5321 section 4.2.1).
        enhanced: the enhanced status code (RFC 3463), empty where RFC 2034 section 3 wants none.
        text: printable ASCII; each newline begins another line of a multi-line reply.

    Raises:
        ValueError: the parts do not make a reply that may be sent.
    """

    code: int
    enhanced: str
    text: str
    _octets: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 200 <= self.code <= 599:  # noqa: PLR2004  # RFC 5321 section 4.2.1: first digit 2 to 5
            raise ValueError("a reply code lies between 200 and 599")
        if self.enhanced and self.enhanced[0] != str(self.code)[0]:
            raise ValueError("the enhanced code's class must be the reply's (RFC 2034 section 4)")
        *first, last = self.text.split("\n")
        for line in (*first, last):
            if not (line.isascii() and line.isprintable()) or len(line) > LINE_MAX_OCTETS - 20:
                raise ValueError("a reply line is short printable ASCII")
        status = f"{self.enhanced} " if self.enhanced else ""
        lines = f"{self.code} {status}{last}\r\n"
        if first:
            lines = "".join(f"{self.code}-{status}{line}\r\n" for line in first) + lines
        object.__setattr__(self, "_octets", lines.encode("ascii"))

    def encode(self) -> bytes:
        """Return the octets to send."""
        return self._octets

    @property
    def is_positive(self) -> bool:
        """The client's wish was granted, or may go on."""
        return self.code < _TRANSIENT

    @property
    def is_permanent(self) -> bool:
        """Trying again the same way will not help."""
        return self.code >= _PERMANENT


def greeting(hostname: str) -> Reply:
    """Open the conversation (RFC 5321 section 4.3.1)."""
    return Reply(220, "", f"{hostname} ESMTP")


def hello(hostname: str, extensions: tuple[str, ...] = ()) -> Reply:
    """Answer EHLO or HELO; each extension is a line of its own (RFC 5321 section 4.1.1.1)."""
    return Reply(250, "", "\n".join((hostname, *extensions)))


# 2yz and 3yz: go on.
OK = Reply(250, "2.0.0", "OK")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
CHUNK_OK = Reply(250, "2.0.0", "Chunk received")
HELP = Reply(214, "2.0.0", "See RFC 5321")
GOODBYE = Reply(221, "2.0.0", "Bye")
CANNOT_VERIFY = Reply(252, "2.1.5", "Send mail and see")  # RFC 5321 section 7.3: tells nobody who lives here
GO_AHEAD = Reply(354, "", "End data with <CRLF>.<CRLF>")
READY_FOR_TLS = Reply(220, "2.0.0", "Ready to start TLS")

# Commands that cannot be followed.
UNKNOWN_COMMAND = Reply(500, "5.5.1", "Command not recognised")
LINE_TOO_LONG = Reply(500, "5.5.2", "Command line too long")
BARE_LINE_END = Reply(500, "5.5.2", "Lines end with CRLF and hold no bare CR, bare LF or NUL")
SYNTAX = Reply(501, "5.5.4", "Syntax error in parameters")
HELO_SYNTAX = Reply(501, "5.5.4", "Say who you are: a domain or an address literal")
SENDER_SYNTAX = Reply(501, "5.1.7", "Sender address syntax error")
RECIPIENT_SYNTAX = Reply(501, "5.1.3", "Recipient address syntax error")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
BAD_SEQUENCE = Reply(503, "5.5.1", "Bad sequence of commands")
PARAMETER_UNKNOWN = Reply(555, "5.5.4", "Parameter not recognised or not implemented")
NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "A non-ASCII address needs SMTPUTF8")  # RFC 6531 section 3.5
NO_RECIPIENTS = Reply(554, "5.5.1", "No valid recipients")

# Recipients.
RECIPIENT_UNKNOWN = Reply(550, "5.1.1", "No such recipient here")
RELAY_DENIED = Reply(550, "5.7.1", "Relaying denied")
NOT_YET = Reply(451, "4.3.5", "No domain is set up here yet, try again later")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients")
OTHER_TRANSACTION = Reply(452, "4.5.3", "Send to this recipient in another transaction")

# Content. RFC 3463 registers nothing closer to a bare CR or LF than X.6.0; 5.6.11 is one vendor's own.
TOO_BIG = Reply(552, "5.3.4", "Message too big")
BARE_LF = Reply(554, "5.6.0", "Bare LF in message: lines end with CRLF (RFC 5321 section 2.3.8)")
BARE_CR = Reply(554, "5.6.0", "Bare CR in message: lines end with CRLF (RFC 5321 section 2.3.8)")
NUL = Reply(554, "5.6.0", "NUL in message (RFC 5322 section 2.2)")
TEXT_LINE_TOO_LONG = Reply(554, "5.6.0", "Line too long in message (RFC 5321 section 4.5.3.1.6)")

# The house could not decide at all; what it decides is put into words by ``doors/smtp.py``.
TRY_AGAIN = Reply(451, "4.3.0", "Try again later")
NO_ROOM = Reply(452, "4.3.1", "Not enough storage now, try again later")

# 421: the connection ends here (RFC 5321 section 3.8).
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors")
TOO_MANY_CONNECTIONS = Reply(421, "4.7.0", "Too many connections")
TOO_MANY_TRANSACTIONS = Reply(421, "4.7.0", "Too many transactions, come back")
NOT_SMTP = Reply(421, "4.7.0", "This is not the protocol spoken here")
OVERLOADED = Reply(421, "4.3.2", "Too much to do now, try again later")
TIMED_OUT = Reply(421, "4.4.2", "Timed out")
SHUTTING_DOWN = Reply(421, "4.3.2", "Shutting down, try again later")
