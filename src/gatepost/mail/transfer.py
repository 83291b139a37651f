"""Transfer encodings (RFC 2045 section 6): total, linear; damage is told, not raised."""

import binascii
import re
import string
import sys
from io import BytesIO

from gatepost.mail.glance import Glance

IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_NOT_PADDING = re.compile(rb"[^= \t\r\n]")
_UNPADDED = re.compile(rb"[^=]+")
_PIECE_OCTETS = 65_536
_NO_LETTERS = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode() + b"+/"))
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)
_LINE = re.compile(rb"(?!\Z)([^\r\n]*)(?:\r\n?|\n|\Z)")
_BLANK_ENDS = Glance(rb"[ \t]\r?\n", rb"[ \t]\z")
_TRAILING_BLANKS = re.compile(rb"(?<![ \t])[ \t]+(?=\r?\n|\Z)")
_UU_NAMES = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def decode(octets: bytes, encoding: str, start: int = 0, end: int = sys.maxsize) -> tuple[bytes, bool]:
    """Return what stands between two places decoded, and whether it was written as the encoding wants it.

    What cannot be decoded is left out of base64, and left as it stands in everything else; an unknown encoding is none.
    """
    if encoding == "base64":
        return _base64(octets, start, min(end, len(octets)))
    octets = octets[start:end]
    if encoding in IDENTITY:
        return octets, True
    if encoding == "quoted-printable":
        return binascii.a2b_qp(_without_trailing_blanks(octets)), True
    if encoding in _UU_NAMES:
        return _uuencoded(octets)
    return octets, False


def _without_trailing_blanks(octets: bytes) -> bytes:
    """Drop blanks at line ends, which were put there on the way; ``=`` before them is a soft line break.

    (Section 6.7 rules 3 and 5; ``binascii`` keeps them, and so would show one word as two.)
    """
    if not _BLANK_ENDS.see(octets):
        return octets
    return _TRAILING_BLANKS.sub(b"", octets)


def _base64(octets: bytes, start: int, end: int) -> tuple[bytes, bool]:
    """Decode, skipping what is not of the alphabet (section 6.8); what follows padding is read too, others do.

    Nothing of it is copied but what comes of it: there may be tens of megabytes.
    """
    padding = octets.find(b"=", start, end)
    if padding < 0 or _NOT_PADDING.search(octets, padding, end) is None:
        try:
            decoded = binascii.a2b_base64(memoryview(octets)[start:end])
            return decoded, _NOT_BASE64.search(octets, start, end) is None
        except binascii.Error:
            pass
    out = BytesIO()
    for piece in _UNPADDED.finditer(octets, start, end):  # one at a time: there may be millions
        _decode_letters(octets, *piece.span(), out)
    return out.getvalue(), False


def _decode_letters(octets: bytes, start: int, end: int, out: BytesIO) -> None:
    """Decode what stands there, a little at a time: all of it at once would be held four times over."""
    letters = b""
    while end - start > _PIECE_OCTETS:
        letters += octets[start : start + _PIECE_OCTETS].translate(None, _NO_LETTERS)
        start += _PIECE_OCTETS
        whole = len(letters) - len(letters) % 4
        out.write(binascii.a2b_base64(letters[:whole]))
        letters = letters[whole:]
    letters += octets[start:end].translate(None, _NO_LETTERS)
    if len(letters) % 4 == 1:
        letters = letters[:-1]  # six bits are no octet
    out.write(binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)))


def _uuencoded(octets: bytes) -> tuple[bytes, bool]:
    begin = _UU_BEGIN.search(octets)
    if begin is None:
        return octets, False
    out = bytearray()
    for found in _LINE.finditer(octets, begin.end()):  # one at a time: there may be millions
        line = found[1]
        if line.strip() == b"end":
            return bytes(out), True
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            return octets, False
        if len(out) > len(octets):  # blanks left out at the ends of lines count, and no program writes only those
            return octets, False
    return bytes(out), False
