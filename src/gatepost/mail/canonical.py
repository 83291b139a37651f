"""DKIM canonicalisation (RFC 6376 section 3.4): the octets a signature is about, for verifier, sealer and signer."""

from collections.abc import Sequence
from enum import StrEnum

from gatepost.mail.glance import Glance

_UNEVEN = Glance(rb"\t", rb"  ", rb" \r")
"""What relaxed form may change inside a body."""


class Canon(StrEnum):
    """How much a relay may change without breaking a signature."""

    SIMPLE = "simple"
    RELAXED = "relaxed"

    __hash__ = str.__hash__  # forms and digests are kept by it; Enum's own is slow


def _collapse_spaces(octets: bytes) -> bytes:
    """Reduce each run of spaces to one. Every pass halves the runs, so all passes together stay linear."""
    while b"  " in octets:
        octets = octets.replace(b"  ", b" ")
    return octets


def header_field(raw: bytes, canon: Canon) -> bytes:
    """Return one header field, without its final CRLF, in canonical form (RFC 6376 sections 3.4.1 and 3.4.2)."""
    if canon is Canon.SIMPLE:
        return raw
    name, _, value = raw.partition(b":")
    value = value.replace(b"\r\n", b"").replace(b"\t", b" ")
    if b"  " in value:
        value = _collapse_spaces(value)
    return b"%b:%b" % (name.rstrip(b" \t").lower(), value.strip(b" "))


_ODD_BEGINNINGS = frozenset({b"", b":", b"\r"})
"""How a value begins where white space stands before the colon, or the value on the next line; or where none is."""


def header_fields(fields: Sequence[tuple[bytes, bytes]], canon: Canon) -> bytes:
    """Return header fields in canonical form, CRLF between them: what ``header_field`` makes of each, made together.

    Args:
        fields: the name of each in lower case, and the field as received.
        canon: the form.
    """
    if canon is Canon.SIMPLE:
        return b"\r\n".join([raw for _, raw in fields])
    begun: list[bytes] = []
    for name, raw in fields:
        value = raw[len(name) + 1 :].lstrip(b" \t")
        begun.append(header_field(raw, Canon.RELAXED) if value[:1] in _ODD_BEGINNINGS else name + b":" + value)
    joined = b"\r\n".join(begun)
    joined = joined.replace(b"\t", b" ").replace(b"\r\n ", b" ")
    if b"  " in joined:
        joined = _collapse_spaces(joined)
    return joined.replace(b" \r\n", b"\r\n").rstrip(b" ")


def _without_empty_lines(body: bytes) -> bytes:
    """Drop every trailing CRLF pair, and only whole pairs."""
    content = body.rstrip(b"\r\n")
    tail = body[len(content) :]
    if not tail:
        return content
    if not tail.endswith(b"\n"):
        return body
    # The pairs to drop are the longest suffix in which CR and LF alternate.
    broken = max(tail.rfind(b"\r\r"), tail.rfind(b"\n\n"))
    keep = broken + 1 if broken >= 0 else 0
    if tail[keep : keep + 1] == b"\n":
        keep += 1
    return content + tail[:keep]


def body(octets: bytes, canon: Canon) -> bytes:
    """Return the body in canonical form (RFC 6376 sections 3.4.3 and 3.4.4); linear in its length."""
    if canon is Canon.RELAXED:
        if _UNEVEN.see(octets):
            octets = _collapse_spaces(octets.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n")
        if octets.endswith(b" "):
            octets = octets[:-1]
    if octets.endswith(b"\r\n") and octets[-3:-2] not in {b"", b"\r", b"\n"}:
        return octets  # it ends in one line end, as most do
    content = _without_empty_lines(octets)
    return content + b"\r\n" if content or canon is Canon.SIMPLE else b""
