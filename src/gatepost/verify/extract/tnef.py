"""What Outlook wraps as ``winmail.dat`` ([MS-OXTNEF]): subject, body in any of its forms, and the files inside."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gatepost.mail import kinds
from gatepost.mail.charset import decode
from gatepost.mail.kinds import File
from gatepost.verify.extract import plain
from gatepost.verify.extract.kinds import Kind, decoded, kind_of
from gatepost.verify.extract.office import MalformedError, TooLargeError

MAX_ATTRIBUTES = 10_000
MAX_RTF_OCTETS = 2_000_000
_SIGNATURE = struct.pack("<I", 0x223E9F78)
_HEAD_OCTETS = 6
_ATTRIBUTE = struct.Struct("<BII")
_CHECKSUM_OCTETS = 2
_SUBJECT, _BODY, _FILE_BEGINS, _FILE_NAME, _FILE, _PROPERTIES, _FILE_PROPERTIES = (
    0x8004, 0x800C, 0x9002, 0x8010, 0x800F, 0x9003, 0x9005,
)  # fmt: skip
_P_SUBJECT, _P_BODY, _P_RTF, _P_HTML, _P_NAME, _P_OBJECT = 0x0037, 0x1000, 0x1009, 0x1013, 0x3707, 0x3701
_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Of values of one size, padded ([MS-OXTNEF] section 2.1.3.4)."""
_STRING, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_MANY, _NAMED, _GUID_OCTETS = 0x1000, 0x8000, 16
_RTF_START = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What the window of compressed RTF holds before the first octet ([MS-OXRTFCP] section 2.1.2.1)."""
_WINDOW = 4096


@dataclass
class _Inside:
    """One file inside."""

    name: str = ""
    octets: bytes = b""


@dataclass
class _Letter:
    """What has been found so far."""

    said: list[str] = field(default_factory=list)
    files: list[_Inside] = field(default_factory=list)


def text_of(octets: bytes, inside: Callable[[Kind, bytes, int], str], depth: int = 0) -> str:
    """Return subject, bodies and what the files inside say.

    Args:
        octets: the whole file.
        inside: reads a file of it, given how deep it lies.
        depth: of this one.

    Raises:
        MalformedError: it is none.
        TooLargeError: it has more parts or files than we read.
    """
    if not octets.startswith(_SIGNATURE):
        raise MalformedError
    letter = _Letter()
    try:
        for name, value in _attributes(octets):
            _take(letter, name, value)
    except (struct.error, IndexError):
        if not (letter.said or letter.files):
            raise MalformedError from None
    if len(letter.files) > plain.MAX_INSIDE:
        raise TooLargeError
    files = [_read(one, inside, depth + 1) for one in letter.files]
    return "\n".join(filter(None, [*letter.said, *files]))


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEAD_OCTETS
    for _ in range(MAX_ATTRIBUTES):
        if at >= len(octets):
            return
        _, name, length = _ATTRIBUTE.unpack_from(octets, at)
        at += _ATTRIBUTE.size
        yield name & 0xFFFF, octets[at : at + length]
        at += length + _CHECKSUM_OCTETS
    raise TooLargeError


def _take(letter: _Letter, name: int, value: bytes) -> None:
    if name in {_SUBJECT, _BODY}:
        letter.said.append(_words(value))
    elif name == _FILE_BEGINS:
        letter.files.append(_Inside())
    elif name == _PROPERTIES:
        letter.said += [_said(prop, held) for prop, held in _properties(value)]
    elif letter.files and name in {_FILE_NAME, _FILE}:
        last = letter.files[-1]
        last.name, last.octets = (_words(value), last.octets) if name == _FILE_NAME else (last.name, value)
    elif letter.files and name == _FILE_PROPERTIES:
        for prop, held in _properties(value):
            if prop == _P_NAME:
                letter.files[-1].name = _words(held)
            elif prop == _P_OBJECT:
                letter.files[-1].octets = held[_GUID_OCTETS:]  # behind the name of its interface


def _said(prop: int, value: bytes) -> str:
    if prop in {_P_SUBJECT, _P_BODY}:
        return _words(value)
    if prop == _P_HTML:
        return plain.page(decoded(value, "", Kind.HTML))
    return plain.written(_inflated(value)) if prop == _P_RTF else ""


def _properties(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the properties of text and binary ([MS-OXTNEF] section 2.1.3.4), text in UTF-8."""
    (count,) = struct.unpack_from("<I", octets)
    at = 4
    for _ in range(min(count, MAX_ATTRIBUTES)):
        kind, prop = struct.unpack_from("<HH", octets, at)
        at = _behind_name(octets, at + 4) if prop >= _NAMED else at + 4
        is_many, kind = bool(kind & _MANY), kind & ~_MANY
        is_long = kind in {_STRING, _UNICODE, _OBJECT, _BINARY}
        values = 1
        if is_many or is_long:
            (values,) = struct.unpack_from("<I", octets, at)
            at += 4
        for _ in range(min(values, MAX_ATTRIBUTES)):
            size = _SIZES.get(kind, 4)
            if is_long:
                (size,) = struct.unpack_from("<I", octets, at)
                at += 4
                value = octets[at : at + size]
                yield prop, value.decode("utf-16-le", "replace").encode() if kind == _UNICODE else value
            at += size + -size % 4
            if at > len(octets):
                return


def _behind_name(octets: bytes, at: int) -> int:
    """Return where the value of a named property begins."""
    (kind,) = struct.unpack_from("<I", octets, at + _GUID_OCTETS)
    at += _GUID_OCTETS + 4
    if kind == 0:
        return at + 4
    (size,) = struct.unpack_from("<I", octets, at)
    return int(at + 4 + size + -size % 4)


def _words(octets: bytes) -> str:
    return decode(octets, "").rstrip("\0")


def _inflated(octets: bytes) -> bytes:
    """Return RTF out of its compression ([MS-OXRTFCP] section 3.1.1), as far as our bound goes."""
    kind = octets[8:12]
    if kind == b"MELA":
        return octets[16:]
    if kind != b"LZFu":
        return b""
    out = bytearray(_RTF_START)
    at, limit = 16, len(_RTF_START) + MAX_RTF_OCTETS
    while at < len(octets) and len(out) < limit:
        control, at = octets[at], at + 1
        for bit in range(8):
            if not control >> bit & 1:
                out += octets[at : at + 1]
                at += 1
                continue
            reference = int.from_bytes(octets[at : at + 2], "big")
            at += 2
            behind = (len(out) - (reference >> 4)) % _WINDOW
            if behind == 0 or at > len(octets):  # it points at itself: the end
                return bytes(out[len(_RTF_START) :])
            for _ in range((reference & 15) + 2):
                out.append(out[-behind] if behind <= len(out) else 0x20)
    return bytes(out[len(_RTF_START) :])


def _read(file: _Inside, inside: Callable[[Kind, bytes, int], str], depth: int) -> str:
    if file.octets.startswith(_SIGNATURE):
        return inside(Kind.TNEF, file.octets, depth)
    kind = kind_of(File("", file.name, kinds.begins(file.octets)))
    said = inside(kind, decoded(file.octets, "", kind), depth) if kind is not None and file.octets else ""
    return f"{file.name}\n{said}"
