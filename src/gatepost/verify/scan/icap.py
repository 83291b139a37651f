"""What an ICAP service says and hears (RFC 3507), the octets of a conversation without its socket.

The message goes as the body of an HTTP response (RESPMOD) or request (REQMOD). A service that has nothing to say may
answer 204 (section 4.6); one that changes or replaces what it was given found something.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from gatepost.verify.paper import ScanResult, ScanVerdict
from gatepost.verify.scan.watch import ScannerError

NAME = "icap"
DEFAULT_PORT = 1344
HEAD_MAX_OCTETS = 65_536
GROWTH_MAX_OCTETS = 65_536
"""How much longer than the message an answer may be."""

_STATUS = re.compile(rb"ICAP/1\.[0-9]{1,2} ([0-9]{3})(?: |$)")
_FOUND = re.compile(
    rb"^(?:x-infection-found:.*?\bthreat=([^;\r\n]{1,200})|x-virus-id:\s*([^\r\n]{1,200})|"
    rb"x-violations-found:\s*(\S[^\r\n]{0,200}))",
    re.IGNORECASE | re.MULTILINE,
)
_ENCAPSULATED = re.compile(
    rb"^encapsulated:[^\r\n]{0,200}?\b(?:res|req|opt)-body=([0-9]{1,9})", re.IGNORECASE | re.MULTILINE
)
_HEX = re.compile(rb"[0-9A-Fa-f]{1,8}")


@dataclass(frozen=True, slots=True)
class Service:
    """Where the service is and which of the two methods it speaks."""

    host: str
    port: int
    url: str
    is_request: bool

    @classmethod
    def parse(cls, url: str, method: str) -> "Service":
        """Read ``icap://host[:port]/service`` and ``respmod`` or ``reqmod``.

        Raises:
            ValueError: one of them is neither.
        """
        parts = urlsplit(url)
        if parts.scheme != "icap" or not parts.hostname or method not in {"respmod", "reqmod"}:
            raise ValueError("an ICAP service is icap://host:port/service, its method respmod or reqmod")
        return cls(parts.hostname, parts.port or DEFAULT_PORT, url, method == "reqmod")


def request(service: Service, raw: bytes) -> bytes:
    """Return the whole request (RFC 3507 sections 4.8 and 4.9); the body is one chunk."""
    if service.is_request:
        method = "REQMOD"
        http = (
            f"POST /message.eml HTTP/1.1\r\nHost: gatepost.invalid\r\nContent-Type: message/rfc822\r\n"
            f"Content-Length: {len(raw)}\r\n\r\n"
        )
        encapsulated = f"req-hdr=0, req-body={len(http)}"
    else:
        method = "RESPMOD"
        asked = "GET /message.eml HTTP/1.1\r\nHost: gatepost.invalid\r\n\r\n"
        http = f"{asked}HTTP/1.1 200 OK\r\nContent-Type: message/rfc822\r\nContent-Length: {len(raw)}\r\n\r\n"
        encapsulated = f"req-hdr=0, res-hdr={len(asked)}, res-body={len(http)}"
    head = (
        f"{method} {service.url} ICAP/1.0\r\nHost: {service.host}:{service.port}\r\nAllow: 204\r\n"
        f"Connection: close\r\nEncapsulated: {encapsulated}\r\n\r\n{http}"
    )
    chunk = b"%x\r\n%b\r\n" % (len(raw), raw) if raw else b""
    return head.encode("ascii") + chunk + b"0\r\n\r\n"


def answer_max_octets(raw: bytes) -> int:
    """Return how much of an answer is read: the message again, its chunks, and a page in its place."""
    return HEAD_MAX_OCTETS + 2 * len(raw) + GROWTH_MAX_OCTETS


def verdict(answer: bytes, raw: bytes) -> ScanVerdict:
    """Read the whole answer to ``request``.

    Raises:
        ScannerError: it is an error of the service, or no answer of ICAP.
    """
    head, separator, rest = answer.partition(b"\r\n\r\n")
    status = _STATUS.match(head)
    if status is None or not separator or len(head) > HEAD_MAX_OCTETS:
        raise ScannerError("no answer of ICAP")
    named = _FOUND.search(head)
    if named is not None:
        name = next(group for group in named.groups() if group is not None)
        return ScanVerdict(NAME, ScanResult.FOUND, name.decode("ascii", "replace").strip())
    if status[1] == b"204":
        return ScanVerdict(NAME, ScanResult.CLEAN)
    if status[1] != b"200":
        raise ScannerError(f"ICAP status {status[1].decode()}")
    if _body(head, rest) == raw:
        return ScanVerdict(NAME, ScanResult.CLEAN)
    return ScanVerdict(NAME, ScanResult.FOUND, "changed by the service")


def _body(head: bytes, rest: bytes) -> bytes:
    """Return the body inside the answer, without its chunks (RFC 9112 section 7.1); empty where there is none."""
    place = _ENCAPSULATED.search(head)
    if place is None:
        return b""
    at, pieces = int(place[1]), []
    while (end := rest.find(b"\r\n", at, at + 128)) >= 0:
        size = _HEX.match(rest, at, end)
        if size is None or (octets := int(size[0], 16)) == 0:
            break
        pieces.append(rest[end + 2 : end + 2 + octets])
        at = end + 2 + octets + 2
    return b"".join(pieces)
