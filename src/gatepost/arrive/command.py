"""SMTP command lines read into values (RFC 5321 section 4.1, RFC 1870, 3030, 6152, 6531). No I/O."""

import re
from dataclasses import dataclass
from functools import lru_cache

from gatepost.arrive import reply
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.mail.address import Address, AddressError

# deviation: RFC 5321 section 3.3 allows no space after the colon; many programs write one, and it harms nobody.
_PATH = re.compile(r'\s*<([^"<>\s]*(?:"(?:[^"\\]|\\.)*"[^"<>\s]*)*)>(.*)')
_SOURCE_ROUTE = re.compile(r"@[^\s:<>\"]*:")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
_SIZE = re.compile(r"[0-9]{1,20}")
_BDAT = re.compile(rb"([0-9]{1,20})(?:[ ]+(LAST))?[ ]*", re.IGNORECASE)
_HELO = re.compile(rb"[!-~]{1,255}")

Malformed = tuple[Reply, Refusal]
_MALFORMED_SENDER: Malformed = (reply.SENDER_SYNTAX, Refusal.SENDER_MALFORMED)
_MALFORMED_RECIPIENT: Malformed = (reply.RECIPIENT_SYNTAX, Refusal.RECIPIENT_MALFORMED)


class CommandError(Exception):
    """The command cannot be followed: what to answer, and what to count where a mail was refused by it."""

    def __init__(self, answer: Reply, refusal: Refusal | None = None) -> None:
        super().__init__(answer.text)
        self.answer = answer
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class MailFrom:
    """A MAIL command; ``sender`` None is the null reverse-path, ``size_octets`` what the client declares."""

    sender: Address | None
    size_octets: int = 0
    is_smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class Bdat:
    """A BDAT command (RFC 3030 section 2)."""

    size_octets: int
    is_last: bool


def split(line: bytes) -> tuple[bytes, bytes]:
    """Return the verb in capitals and its argument, without the blanks around it.

    Raises:
        CommandError: the line holds a bare CR, a bare LF or a NUL.
    """
    if b"\r" in line or b"\n" in line or b"\0" in line:
        raise CommandError(reply.BARE_LINE_END)
    verb, _, argument = line.strip(b" \t").partition(b" ")
    return verb.upper(), argument.strip(b" \t")


def parse_helo(argument: bytes) -> str:
    """Return the name the client gives itself. It is a claim; nobody may be refused for it (RFC 5321 section 4.1.4).

    Raises:
        CommandError: it is no single printable word.
    """
    if not _HELO.fullmatch(argument):
        raise CommandError(reply.HELO_SYNTAX)
    return argument.decode("ascii")


def parse_mail(argument: bytes, *, is_extended: bool) -> MailFrom:
    """Read ``FROM:<reverse-path> [parameters]``.

    Args:
        argument: what follows ``MAIL``.
        is_extended: the client said EHLO, so that parameters may follow.

    Raises:
        CommandError: it is not a MAIL command we know.
    """
    path, rest = _path(argument, b"FROM:", _MALFORMED_SENDER)
    size_octets = 0
    is_smtputf8 = False
    parameters = _parameters(rest) if rest else {}
    if parameters and not is_extended:
        raise CommandError(reply.PARAMETER_UNKNOWN)
    for keyword, value in parameters.items():
        match keyword:
            case "SIZE" if value is not None and _SIZE.fullmatch(value):
                size_octets = int(value)
            case "BODY" if value is not None and value.upper() in {"7BIT", "8BITMIME"}:
                pass  # both pass the same way: octets are never changed here (RFC 6152)
            case "SMTPUTF8" if value is None:
                is_smtputf8 = True
            case "SIZE" | "BODY" | "SMTPUTF8":
                raise CommandError(reply.SYNTAX)
            case _:
                raise CommandError(reply.PARAMETER_UNKNOWN)
    if not path:
        return MailFrom(None, size_octets, is_smtputf8)
    sender = _address(path, is_smtputf8=is_smtputf8, malformed=_MALFORMED_SENDER)
    return MailFrom(sender, size_octets, is_smtputf8)


def parse_rcpt(argument: bytes, *, is_smtputf8: bool) -> Address | None:
    """Read ``TO:<forward-path>``; None is the bare ``<postmaster>`` (RFC 5321 section 4.5.1).

    Args:
        argument: what follows ``RCPT``.
        is_smtputf8: the transaction's MAIL said SMTPUTF8.

    Raises:
        CommandError: it is not a RCPT command we know; it takes no parameters, for we offer none.
    """
    path, rest = _path(argument, b"TO:", _MALFORMED_RECIPIENT)
    if rest and _parameters(rest):
        raise CommandError(reply.PARAMETER_UNKNOWN)
    if path.lower() == "postmaster":
        return None
    return _address(path, is_smtputf8=is_smtputf8, malformed=_MALFORMED_RECIPIENT)


def parse_bdat(argument: bytes) -> Bdat:
    """Read ``size [LAST]``.

    Raises:
        CommandError: it is neither.
    """
    found = _BDAT.fullmatch(argument)
    if not found:
        raise CommandError(reply.SYNTAX)
    return Bdat(int(found[1]), found[2] is not None)


def _path(argument: bytes, prefix: bytes, malformed: Malformed) -> tuple[str, str]:
    """Return what stands between the angle brackets, less any source route, and what follows them.

    A source route is read and ignored (RFC 5321 section 4.1.1.3 and appendix C): the last address counts.
    """
    if argument[: len(prefix)].upper() != prefix:
        raise CommandError(reply.SYNTAX)
    try:
        found = _PATH.fullmatch(argument[len(prefix) :].decode("utf-8"))
    except UnicodeDecodeError:
        raise CommandError(*malformed) from None
    if not found:
        raise CommandError(*malformed)
    path, rest = found.groups()
    if rest and not rest.startswith(" "):
        raise CommandError(*malformed)
    if path.startswith("@") and (route := _SOURCE_ROUTE.match(path)):
        path = path[route.end() :]
    return path, rest


def _parameters(text: str) -> dict[str, str | None]:
    """Return ``keyword=value`` pairs, keywords in capitals (RFC 5321 section 4.1.2, esmtp-param)."""
    parameters: dict[str, str | None] = {}
    for word in text.split():
        found = _PARAMETER.fullmatch(word)
        if not found or found[1].upper() in parameters:
            raise CommandError(reply.SYNTAX)
        parameters[found[1].upper()] = found[2]
    return parameters


@lru_cache(maxsize=1024)
def _known_address(text: str) -> Address:
    """Read an address; those of busy senders and of our own mailboxes come again and again."""
    return Address.parse(text)


def _address(path: str, *, is_smtputf8: bool, malformed: Malformed) -> Address:
    if not path.isascii() and not is_smtputf8:
        raise CommandError(reply.NEEDS_SMTPUTF8, Refusal.ADDRESS_NEEDS_SMTPUTF8)
    if not path.isprintable():
        raise CommandError(*malformed)
    try:
        return _known_address(path)
    except AddressError:
        raise CommandError(*malformed) from None
