"""ClientHellos made by hand, and what a server's first octets mean. Pure.

OpenSSL 3 cannot offer SSL 3.0 (RFC 6101), and refuses 1.0 and 1.1 (RFC 8996) before anything is sent; so whether a
server would take them can only be asked with octets of our own. Nothing here completes a handshake.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

HELLO_OCTETS_MAX = 1 << 14  # the most one record may hold (RFC 8446 section 5.1)
RECORD_HEAD_OCTETS = 5
RANDOM_OCTETS = 32 + 32 + 32  # random, session id, key share

_HANDSHAKE, _ALERT = 22, 21
_WARNING, _CLOSE_NOTIFY, _PROTOCOL_VERSION = 1, 0, 70
_OTHERWISE = frozenset({109, 112, 115, 116, 120})
"""Alerts about something else than version and suites: an extension, the name, an identity, a protocol above."""
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_SERVER_NAME, _GROUPS, _POINTS, _SIGNATURES, _VERSIONS, _KEY_SHARE = 0, 10, 11, 13, 43, 51
_X25519, _P256, _P384, _P521 = 0x001D, 0x0017, 0x0018, 0x0019
_SCHEMES = (0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201)
_MODERN = (0x1301, 0x1302, 0x1303)
_SINCE_12 = (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0x009E, 0x009F, 0x009C, 0x009D, 0x003C, 0x003D)
_COMMON = (
    *(0xC009, 0xC013, 0xC00A, 0xC014, 0x0033, 0x0039, 0x002F, 0x0035, 0xC008, 0xC012, 0x0016, 0x000A),
    *(0x0005, 0x0004),
)
_OLD = (*range(0x0001, 0x0100), *range(0xC001, 0xC107), *range(0xCC13, 0xCC16), 0xFEFE, 0xFEFF)
"""Every number below TLS 1.3 that the registry of cipher suites has given away, CAMELLIA, SEED, NULL, anonymous and
export suites among them, and 0x00FF, which says that renegotiation is safe (RFC 5746). Without 0x5600, which asks to be
refused (RFC 7507): a server takes an old version where it finds one suite it knows, however odd."""
_NULL = (1, 2, 0x2C, 0x2D, 0x2E, 0x3B, 0xB0, 0xB1, 0xB4, 0xB5, 0xB8, 0xB9, 0xC001, 0xC006, 0xC00B, 0xC010, 0xC015)
_ANONYMOUS = (0x34, 0x3A, 0x46, 0x6C, 0x6D, 0x89, 0x9B, 0xA6, 0xA7, 0xBF, 0xC5, *range(0xC016, 0xC01A), 0xC046, 0xC047)
_SHORT = (3, 4, 5, 6, 8, 9, 0x0B, 0x0C, 0x0E, 0x0F, 0x11, 0x12, 0x14, 0x15, *range(0x17, 0x1B), *range(0x26, 0x2C))
_RC4 = (0x18, 0x20, 0x24, 0x8A, 0x8E, 0x92, 0xC002, 0xC007, 0xC00C, 0xC011, 0xC033)
WEAK = (*_NULL, *_ANONYMOUS, *_SHORT, *_RC4)
"""Suites that hide nothing, or prove nothing, or use keys of less than 112 bits (RFC 9325 section 4.1)."""


class Version(StrEnum):
    """Protocol versions, oldest first."""

    SSL_3_0 = "SSLv3"
    TLS_1_0 = "TLSv1.0"
    TLS_1_1 = "TLSv1.1"
    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"

    @property
    def number(self) -> int:
        """How it is spelled on the wire."""
        return 0x0300 + list(Version).index(self)

    @property
    def is_broken(self) -> bool:
        """Whether nobody may speak it any more (RFC 7568, RFC 8996)."""
        return self.number < Version.TLS_1_2.number


class Answer(StrEnum):
    """What a server did with a version it was offered."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"  # it said something else, or nothing in time


@dataclass(frozen=True, slots=True)
class Heard:
    """A server's answer.

    Attributes:
        version: the one it chose, where it accepted.
        alert: why it refused (RFC 8446 section 6); None where it hung up without a word.
    """

    answer: Answer
    version: Version | None = None
    alert: int | None = None

    @property
    def is_about_the_version(self) -> bool:
        """Whether it refused the version itself: another set of suites would fare no better."""
        return self.alert == _PROTOCOL_VERSION


def offers(version: Version) -> tuple[tuple[int, ...], ...]:
    """Return the sets of suites to ask with, one after the other, until one is taken or the version itself refused.

    What is old is asked with every suite there ever was; then with a few, for servers that stumble over so many.
    """
    if version is Version.TLS_1_3:
        return (_MODERN,)
    return (_OLD, _COMMON) if version.is_broken else ((*_SINCE_12, *_COMMON),)


def client_hello(version: Version, name: str, chance: bytes, suites: Sequence[int]) -> bytes:
    """Return a record with a ClientHello that offers one version and no other.

    Args:
        version: the one.
        suites: by number (RFC 8446 appendix B.4), most wanted first.
        name: for SNI (RFC 6066 section 3); empty for an address, which has none.
        chance: ``RANDOM_OCTETS`` octets.
    """
    if len(chance) != RANDOM_OCTETS:
        raise ValueError("a hello needs its random octets")
    session = chance[32:64] if version is Version.TLS_1_3 else b""  # RFC 8446 appendix D.4: looks like resumption
    legacy = min(version.number, Version.TLS_1_2.number)
    body = (
        struct.pack(">H", legacy)
        + chance[:32]
        + _short_vector(session)
        + _vector(b"".join(struct.pack(">H", suite) for suite in suites))
        + _short_vector(b"\x00")  # no compression
    )
    extensions = b"" if version is Version.SSL_3_0 else b"".join(_extensions(version, name, chance[64:]))
    if extensions:
        body += _vector(extensions)
    message = bytes([_CLIENT_HELLO]) + len(body).to_bytes(3, "big") + body
    outer = Version.SSL_3_0.number if version is Version.SSL_3_0 else Version.TLS_1_0.number
    return struct.pack(">BH", _HANDSHAKE, outer) + _vector(message)


def _extensions(version: Version, name: str, share: bytes) -> Iterable[bytes]:
    if name:
        yield _extension(_SERVER_NAME, _vector(b"\x00" + _vector(name.encode("ascii"))))
    wanted = (_X25519, _P256, _P384, _P521) if version is Version.TLS_1_3 else (_X25519, *range(1, _X25519))
    groups = b"".join(struct.pack(">H", group) for group in wanted)
    yield _extension(_GROUPS, _vector(groups))
    yield _extension(_POINTS, _short_vector(b"\x00"))
    if version in {Version.TLS_1_2, Version.TLS_1_3}:
        yield _extension(_SIGNATURES, _vector(b"".join(struct.pack(">H", scheme) for scheme in _SCHEMES)))
    if version is Version.TLS_1_3:
        yield _extension(_VERSIONS, _short_vector(struct.pack(">H", version.number)))
        yield _extension(_KEY_SHARE, _vector(struct.pack(">H", _X25519) + _vector(share)))


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">H", kind) + _vector(body)


def _vector(body: bytes) -> bytes:
    return struct.pack(">H", len(body)) + body


def _short_vector(body: bytes) -> bytes:
    return bytes([len(body)]) + body


def record_octets(head: bytes) -> int:
    """Return how long the record is that begins so; 0 where it is no record of TLS."""
    if len(head) < RECORD_HEAD_OCTETS or head[0] not in {_HANDSHAKE, _ALERT} or head[1] != 3:  # noqa: PLR2004  # SSL 3
        return 0
    length = int.from_bytes(head[3:5], "big")
    return length if 0 < length <= HELLO_OCTETS_MAX else 0


def is_warning(kind: int, body: bytes) -> bool:
    """Tell whether a record is an alert after which the server goes on: a warning other than that it closes."""
    return kind == _ALERT and len(body) > 1 and body[0] == _WARNING and body[1] != _CLOSE_NOTIFY


def read_answer(kind: int, body: bytes, offered: Version) -> Heard:
    """Return what a server's first record means; whatever it holds, this only tells.

    Args:
        kind: the record's first octet.
        body: the record's content.
        offered: what was offered.
    """
    if kind == _ALERT:
        alert = body[1] if len(body) > 1 else None
        return Heard(Answer.UNCLEAR if alert in _OTHERWISE else Answer.REFUSED, alert=alert)
    chosen = _server_version(body)
    if chosen is None:
        return Heard(Answer.UNCLEAR)
    return Heard(Answer.ACCEPTED if chosen is offered else Answer.REFUSED, chosen)


def _server_version(body: bytes) -> Version | None:
    """Return the version a ServerHello (or a HelloRetryRequest, which is one) chooses."""
    if len(body) < 4 + 2 + 32 + 1 or body[0] != _SERVER_HELLO:
        return None
    number = int.from_bytes(body[4:6], "big")
    at = 4 + 2 + 32
    at += 1 + body[at] + 2 + 1  # session id, suite, compression
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    at += 2
    while at + 4 <= min(end, len(body)):
        kind, length = struct.unpack_from(">HH", body, at)
        if kind == _VERSIONS and length == 2 and at + 6 <= len(body):  # noqa: PLR2004  # RFC 8446 section 4.2.1
            number = int.from_bytes(body[at + 4 : at + 6], "big")
        at += 4 + length
    return next((version for version in Version if version.number == number), None)
