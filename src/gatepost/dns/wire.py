"""DNS messages as octets (RFC 1035 section 4): one question out, one reply read. Pure; a stranger wrote every reply.

Ours, because c-ares keeps the SOA of a negative answer to itself (RFC 2308 needs it) and opens sockets of its own.
"""

import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from gatepost.dns.paper import RdType

MAX_NAME = 253
UDP_OCTETS = 1232
"""What we let a server send in one datagram (RFC 6891); fits every path without fragments."""
NOERROR, FORMERR, NXDOMAIN, NOTIMP = 0, 1, 3, 4

_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_OPT = b"\x00" + _RECORD.pack(41, UDP_OCTETS, 0, 0)
_IN = 1
_LABEL_OCTETS, _NAME_OCTETS = 63, 255  # RFC 1035 section 2.3.4
_POINTER = 0xC0  # RFC 1035 section 4.1.4
_JUMPS_MAX = 16  # of honest names none needs more than one or two
_TTL_MAX = 0x7FFF_FFFF  # RFC 2181 section 8: larger is zero
_NS, _CNAME, _SOA, _DNAME = 2, 5, 6, 39
_TYPES = {
    RdType.A: 1,
    RdType.CNAME: _CNAME,
    RdType.PTR: 12,
    RdType.MX: 15,
    RdType.TXT: 16,
    RdType.AAAA: 28,
    RdType.TLSA: 52,
}
_QR, _OPCODE, _TC, _RCODE = 0x8000, 0x7800, 0x0200, 0x000F
_LABEL = re.compile(r"[\x20-\x2d\x2f-\x5b\x5d-\x7e]{1,63}")
_ODD = re.compile(rb"[^\x20-\x2d\x2f-\x5b\x5d-\x7e]")
_ESCAPED = re.compile(r"\\[0-9]{3}")


class MalformedError(ValueError):
    """The octets are no DNS message, or not one we would believe."""


class Record(NamedTuple):
    """One record, its data spelled as ``Answer`` promises; ``owner`` in lower case.

    Attributes:
        is_alias: ``text`` is another name, under which to look.
        is_below: and so for every name below ``owner``, but not for itself (DNAME, RFC 6672).
    """

    owner: str
    is_alias: bool
    ttl_s: int
    text: str
    is_below: bool = False


class Reply(NamedTuple):
    """What a server said.

    Attributes:
        records: of the answer section, those of the type asked for, and aliases.
        negative_ttl_s: how long a missing answer may be remembered (RFC 2308 section 5); None without an SOA.
        is_referral: the server does not know, and names others to ask (RFC 2308 section 2.2): it says nothing of what
            there is.
    """

    rcode: int
    is_truncated: bool
    records: tuple[Record, ...] = ()
    negative_ttl_s: int | None = None
    is_referral: bool = False


def is_askable(name: str) -> bool:
    r"""Tell whether DNS can carry the name: labels of 1 to 63 octets, 253 in all (RFC 1035 section 2.3.4).

    deviation: RFC 2181 section 11 allows any octet in a label; we ask for printable ASCII without ``\``, which spells
    the other octets where a reply holds them. An SPF macro that puts such a character into a name so names nothing.
    """
    return 0 < len(name) <= MAX_NAME and all(map(_LABEL.fullmatch, name.split(".")))


def question(name: str, rdtype: RdType, number: int, *, with_edns: bool = True) -> bytes:
    """Return the message that asks one recursive question.

    Args:
        name: askable.
        rdtype: the type of record wanted.
        number: the query's id, unpredictable (RFC 5452 section 9.2).
        with_edns: offer datagrams of more than 512 octets.
    """
    head = _HEADER.pack(number, 0x0100, 1, 0, 0, 1 if with_edns else 0)
    return head + _asked(name, rdtype) + (_OPT if with_edns else b"")


@lru_cache(maxsize=1024)  # each is needed again when its reply comes
def _asked(name: str, rdtype: RdType) -> bytes:
    """Return the question section."""
    labels = b"".join([bytes((len(label),)) + label for label in name.encode("ascii").split(b".")])
    return labels + struct.pack("!xHH", _TYPES[rdtype], _IN)


def read(packet: bytes, *, name: str, rdtype: RdType, number: int) -> Reply | None:
    """Return the reply to a question; None for a packet that answers another one.

    Raises:
        MalformedError: it answers this question, and cannot be read.
    """
    if len(packet) < _HEADER.size:
        return None
    got, flags, questions, answers, authorities, _ = _HEADER.unpack_from(packet)
    if got != number or not flags & _QR or flags & _OPCODE:
        return None
    rcode = flags & _RCODE
    if questions == 0 and rcode in {FORMERR, NOTIMP}:
        return Reply(rcode, is_truncated=False)  # it did not understand so much as the question
    reader = _Reader(packet)
    try:
        if questions != 1 or not reader.asks(name, rdtype):
            return None
        if flags & _TC:
            return Reply(rcode, is_truncated=True)
        records = tuple(reader.answers(answers, _TYPES[rdtype]))
        negative_ttl_s, has_servers = reader.authority(authorities) if authorities else (None, False)
        is_referral = rcode == NOERROR and not answers and has_servers and negative_ttl_s is None
        return Reply(rcode, False, records, negative_ttl_s, is_referral)  # noqa: FBT003  # not truncated
    except (struct.error, IndexError, ValueError) as error:
        raise MalformedError("the reply cannot be read") from error


class _Reader:
    """Walks through a message from its first section to its last. Raises IndexError, struct.error and ValueError."""

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self._at = _HEADER.size
        self._pointed: dict[int, tuple[str, int]] = {}
        """The names that pointers lead to, and their octets; that of the question is most of them."""

    def asks(self, name: str, rdtype: RdType) -> bool:
        """Read the question; tell whether it is ours. A label of octets we do not ask for makes it another's."""
        asked = name.lower()
        octets = _asked(asked, rdtype)
        if self._packet.startswith(octets, self._at):
            self._at += len(octets)
            self._pointed[_HEADER.size] = asked, len(asked) + 1
            return True
        said, self._at = self._name(self._at)  # its capitals may be the resolver's own
        kind, rdclass = struct.unpack_from("!HH", self._packet, self._at)
        self._at += 4
        return (said, kind, rdclass) == (asked, _TYPES[rdtype], _IN)

    def answers(self, count: int, wanted: int) -> list[Record]:
        """Read the answer section."""
        found: list[Record] = []
        for owner, rdtype, ttl_s, start, end in self._records(count):
            if rdtype in {wanted, _CNAME, _DNAME}:
                text = self._text(rdtype, start, end)
                found.append(Record(self._name(owner)[0], rdtype != wanted, ttl_s, text, rdtype == _DNAME))
        return found

    def authority(self, count: int) -> tuple[int | None, bool]:
        """Read the authority section up to the SOA of the zone that lacks the answer; tell whether it names servers."""
        has_servers = False
        for _, rdtype, ttl_s, start, end in self._records(count):
            has_servers = has_servers or rdtype == _NS
            if rdtype == _SOA:
                after = self._name(self._name(start)[1])[1]
                if after + 20 > end:
                    raise MalformedError("an SOA is cut off")
                (minimum,) = struct.unpack_from("!I", self._packet, after + 16)
                return min(ttl_s, _ttl(minimum)), has_servers
        return None, has_servers

    def _records(self, count: int) -> Iterator[tuple[int, int, int, int, int]]:
        """Yield where each owner stands, its type and TTL, and where its data begin and end."""
        for _ in range(count):
            owner = self._at
            self._skip_name()
            rdtype, rdclass, ttl, length = _RECORD.unpack_from(self._packet, self._at)
            start = self._at + _RECORD.size
            self._at = start + length
            if self._at > len(self._packet):
                raise MalformedError("a record is cut off")
            if rdclass == _IN:
                yield owner, rdtype, _ttl(ttl), start, self._at

    def _skip_name(self) -> None:
        while (length := self._packet[self._at]) and length <= _LABEL_OCTETS:
            self._at += 1 + length
        self._at += 2 if length else 1

    def _name(self, at: int, jumps: int = 0) -> tuple[str, int]:
        """Return the name that stands at an offset, in lower case and without final dot, and where it ends.

        What a pointer leads to is read once: a packet holds five thousand pointers to a name of 120 labels.
        """
        labels: list[bytes] = []
        octets = 1
        while (length := self._packet[at]) and length < _POINTER:
            octets += length + 1
            if length > _LABEL_OCTETS or octets > _NAME_OCTETS:
                raise MalformedError("a name is too long")
            label = self._packet[at + 1 : at + 1 + length]
            if len(label) < length:
                raise MalformedError("a name is cut off")
            labels.append(_ODD.sub(_escape, label))
            at += 1 + length
        head = b".".join(labels).decode("ascii").lower()
        if not length:
            return head, at + 1
        tail, tail_octets = self._pointed_to(at, jumps)
        if octets + tail_octets > _NAME_OCTETS:
            raise MalformedError("a name is too long")
        return f"{head}.{tail}" if head and tail else head or tail, at + 2

    def _pointed_to(self, at: int, jumps: int) -> tuple[str, int]:
        """Return the name that the pointer at an offset leads to, and its octets but for the last."""
        target = (self._packet[at] & 0x3F) << 8 | self._packet[at + 1]
        found = self._pointed.get(target)
        if found is None:
            if target >= at or jumps >= _JUMPS_MAX:
                raise MalformedError("a name points forward or in a circle")
            name, _ = self._name(target, jumps + 1)
            found = self._pointed[target] = name, len(_ESCAPED.sub(".", name)) + 1 if name else 0
        return found

    def _text(self, rdtype: int, start: int, end: int) -> str:
        data = self._packet[start:end]
        match rdtype:
            case 1:
                return str(IPv4Address(data))
            case 28:
                return str(IPv6Address(data))
            case 15:
                host, after = self._name(start + 2)
                self._expect(after, end)
                return f"{int.from_bytes(data[:2], 'big')} {host or '.'}"
            case 16:
                return _strings(data).decode("latin-1")
            case 52:
                return data.hex()
            case _:
                host, after = self._name(start)
                self._expect(after, end)
                return host or "."

    @staticmethod
    def _expect(after: int, end: int) -> None:
        if after != end:
            raise MalformedError("a record's data do not end where they should")


def _escape(octet: re.Match[bytes]) -> bytes:
    return b"\\%03d" % octet[0][0]


def _strings(data: bytes) -> bytes:
    """Join the character-strings of a TXT record (RFC 1035 section 3.3.14)."""
    pieces, at = [], 0
    while at < len(data):
        length = data[at]
        piece = data[at + 1 : at + 1 + length]
        if len(piece) < length:
            raise MalformedError("a string is cut off")
        pieces.append(piece)
        at += 1 + length
    return b"".join(pieces)


def _ttl(seconds: int) -> int:
    return seconds if seconds <= _TTL_MAX else 0
