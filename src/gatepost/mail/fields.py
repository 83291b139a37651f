"""A message's header block as raw fields (RFC 5322 section 2.2), without losing an octet."""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from gatepost.mail.glance import Glance

MAX_FIELDS = 5_000
"""Fields read; what stands below them is not seen by us, so ``Header.is_cut`` forbids trusting anything."""
MAX_HEADER_OCTETS = 4_194_304
"""Octets of the header block that are read; more is cut as above."""

MAX_NAME_OCTETS = 998
"""A longer one is no field's name: no line is as long (RFC 5322 section 2.1.1)."""

_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_BARE_ENDS = Glance(rb"\r(?:[^\n]|\z)", rb"(?:\A|[^\r])\n", rb"\x00")
_NAME = re.compile(rb"[\x21-\x39\x3b-\x7e]+")


class Field(NamedTuple):
    """One header field.

    Attributes:
        name: lowercase; empty where the line is no field at all.
        raw: the octets as received, folds included, without the final CRLF.
    """

    name: bytes
    raw: bytes

    @property
    def value(self) -> bytes:
        """Everything after the first colon, as received."""
        return self.raw.partition(b":")[2]

    @property
    def unfolded(self) -> bytes:
        """The value on one line (RFC 5322 section 2.2.3), outer white space removed."""
        return self.value.replace(b"\r\n", b"").strip(b" \t")

    @property
    def text(self) -> str:
        """The unfolded value as UTF-8 (RFC 6532); other octets are replaced."""
        return self.unfolded.decode("utf-8", "replace")


class Header(NamedTuple):
    """All fields of a message, top to bottom.

    Attributes:
        named: fields by lowercase name, in order.
        body_start: offset of the first body octet; the message's length where there is no body.
        is_malformed: a line is no field, or as ``is_ambiguous``.
        is_ambiguous: others may read other fields than we do: a bare CR, bare LF or NUL, or more than we read.
        is_cut: the block is longer than we read.
    """

    fields: tuple[Field, ...]
    named: Mapping[bytes, tuple[Field, ...]]
    body_start: int
    is_malformed: bool
    is_ambiguous: bool
    is_cut: bool

    def all(self, name: bytes) -> tuple[Field, ...]:
        """Return the fields of that lowercase name, top to bottom."""
        return self.named.get(name, ())

    def first(self, name: bytes) -> Field | None:
        """Return the topmost field of that lowercase name, or None."""
        found = self.named.get(name)
        return found[0] if found else None


class _Names(dict[bytes, bytes]):
    """Field names by what stands up to their first colon, empty where that is no name; begun anew when it is full.

    A header has dozens, so this is no ``lru_cache``, which also notes the order of use.
    """

    def __missing__(self, written: bytes) -> bytes:
        name = written[:-1].rstrip(b" \t")  # RFC 5322 section 4.5: obsolete syntax, which mail programs still read
        name = name.lower() if _NAME.fullmatch(name) else b""
        if len(self) >= _MAX_NAMES:
            self.clear()
        self[written] = name
        return name


_MAX_NAMES = 4_096
_NAMES = _Names()


def body_start(raw: bytes) -> int:
    """Return the offset of the body: what follows the first empty line (RFC 5322 section 2.1)."""
    if raw.startswith(b"\r\n"):
        return 2
    end = raw.find(b"\r\n\r\n")
    return len(raw) if end < 0 else end + 4


def body_sha256(raw: bytes) -> str:
    """Return the SHA-256, in lowercase hex, of the body as received: all after the first empty line."""
    return hashlib.sha256(memoryview(raw)[body_start(raw) :]).hexdigest()


def split(raw: bytes) -> Header:
    """Split the header block of a message; total and linear, whatever the octets are."""
    start = body_start(raw)
    end = min(start, MAX_HEADER_OCTETS)
    is_cut = start > end
    while raw[max(0, end - 2) : end] == b"\r\n":
        end -= 2
    block = raw[:end]
    lines = _FIELD_END.split(block, MAX_FIELDS) if block else []
    if len(lines) > MAX_FIELDS:
        is_cut = True
        lines.pop()
    names, new_field = _NAMES, tuple.__new__  # quicker than to call the class
    fields = tuple([new_field(Field, (names[raw[: raw.find(b":", 0, MAX_NAME_OCTETS) + 1]], raw)) for raw in lines])
    has_bare_ends = bool(_BARE_ENDS.see(block))
    named = _by_name(fields)
    is_ambiguous = has_bare_ends or is_cut
    return Header(fields, named, start, b"" in named or is_ambiguous, is_ambiguous, is_cut)


def _by_name(fields: tuple[Field, ...]) -> dict[bytes, tuple[Field, ...]]:
    """Gather the fields of each name; most names stand once."""
    named: dict[bytes, tuple[Field, ...]] = {field[0]: (field,) for field in fields}
    if len(named) == len(fields):
        return named
    repeated: dict[bytes, list[Field]] = {}
    for field in fields:
        repeated.setdefault(field[0], []).append(field)
    return {name: tuple(found) for name, found in repeated.items()}
