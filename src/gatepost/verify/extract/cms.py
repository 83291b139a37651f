"""What a signed S/MIME body holds (RFC 8551 section 3.5): the content of CMS (RFC 5652), out of its BER.

No signature is checked, for this is about words. Encrypted content says that it is; compressed content (RFC 3274) is
inflated within bounds.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from gatepost.verify.extract.office import EncryptedError, MalformedError, TooLargeError

MAX_DEPTH = 20
MAX_INFLATED_OCTETS = 40_000_000
_INDEFINITE = 0x80
_CONSTRUCTED = 0x20
_LONG_TAG = 0x1F
_OCTET_STRING = 0x04
_OID = 0x06
_PKCS7 = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_SMIME = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"
_SIGNED = _PKCS7 + b"\x02"
_COMPRESSED = _SMIME + b"\x09"
_ENCRYPTED = frozenset({_PKCS7 + b"\x03", _PKCS7 + b"\x06", _SMIME + b"\x17"})


class _Element(NamedTuple):
    """One element of BER (X.690 section 8.1): its identifier, where its content lies, where the next one begins."""

    tag: int
    start: int
    end: int
    after: int


def content_of(octets: bytes) -> bytes:
    """Return the MIME entity inside; empty where the signature stands apart from it.

    Raises:
        EncryptedError: only its recipient can open it.
        MalformedError: it is no CMS of a kind that holds content.
        TooLargeError: it inflates to more than we read.
    """
    try:
        kind, inside = _typed(octets, _read(octets, 0, 0))
        if kind in _ENCRYPTED:
            raise EncryptedError
        if kind not in {_SIGNED, _COMPRESSED} or inside is None:
            raise MalformedError
        (holder,) = _children(octets, inside)
        held = next(one for one in _children(octets, holder) if one.tag == 0x30 and _is_typed(octets, one))  # noqa: PLR2004  # SEQUENCE
        _, content = _typed(octets, held)
        if content is None:
            return b""
        found = b"".join(_string(octets, one, 0) for one in _children(octets, content))
    except (IndexError, StopIteration, ValueError) as error:
        raise MalformedError from error
    return _inflated(found) if kind == _COMPRESSED else found


def _read(octets: bytes, at: int, depth: int) -> _Element:
    tag, length, start = octets[at], octets[at + 1], at + 2
    if depth > MAX_DEPTH or tag & _LONG_TAG == _LONG_TAG:
        raise MalformedError
    if length == _INDEFINITE:
        place = start
        while octets[place : place + 2] != b"\0\0":
            place = _read(octets, place, depth + 1).after
        return _Element(tag, start, place, place + 2)
    if length > _INDEFINITE:
        size = length - _INDEFINITE
        start, length = start + size, int.from_bytes(octets[start : start + size], "big")
    if start + length > len(octets):
        raise MalformedError
    return _Element(tag, start, start + length, start + length)


def _children(octets: bytes, parent: _Element) -> Iterator[_Element]:
    at = parent.start
    while at < parent.end:
        found = _read(octets, at, 0)
        yield found
        at = found.after


def _is_typed(octets: bytes, element: _Element) -> bool:
    first = next(_children(octets, element), None)
    return first is not None and first.tag == _OID and octets[first.start : first.end].startswith((_PKCS7, _SMIME))


def _typed(octets: bytes, element: _Element) -> tuple[bytes, _Element | None]:
    """Return a type and what is of that type: ContentInfo, or EncapsulatedContentInfo (RFC 5652 sections 3, 5.2)."""
    children = _children(octets, element)
    oid = next(children)
    return octets[oid.start : oid.end], next(children, None)


def _string(octets: bytes, element: _Element, depth: int) -> bytes:
    """Return an octet string that may be written in pieces."""
    if depth > MAX_DEPTH or element.tag & ~_CONSTRUCTED != _OCTET_STRING:
        raise MalformedError
    if not element.tag & _CONSTRUCTED:
        return octets[element.start : element.end]
    return b"".join(_string(octets, one, depth + 1) for one in _children(octets, element))


def _inflated(octets: bytes) -> bytes:
    inflating = zlib.decompressobj()
    try:
        found = inflating.decompress(octets, MAX_INFLATED_OCTETS)
    except zlib.error as error:
        raise MalformedError from error
    if inflating.unconsumed_tail:
        raise TooLargeError
    return found
