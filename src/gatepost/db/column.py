"""Whole columns as one value of a statement, spelled as PostgreSQL reads arrays: one pass, no text in between.

psycopg spells lists element by element, with a look-up for each; a batch of mails has thousands of elements.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

_HEAD = struct.Struct("!iiiii")  # dimensions, has nulls, element type, length, first index
_SIZE = struct.Struct("!i")
_BIGINT = struct.Struct("!iq")
_NULL = _SIZE.pack(-1)
_BOOL, _BYTEA, _INT8, _TEXT, _TIMESTAMPTZ = 16, 17, 20, 25, 1184
_ARRAY_OF = {_BOOL: 1000, _BYTEA: 1001, _INT8: 1016, _TEXT: 1009, _TIMESTAMPTZ: 1185}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's


@dataclass(frozen=True, slots=True)
class Column:
    """An array in PostgreSQL's binary form (``array_recv``), and its type."""

    type_oid: int
    octets: bytes


def _column(type_oid: int, length: int, elements: Iterable[bytes]) -> Column:
    return Column(_ARRAY_OF[type_oid], b"".join((_HEAD.pack(1, 1, type_oid, length, 1), *elements)))


def _sized(values: Iterable[bytes | None]) -> list[bytes]:
    """Return each value after its size, as parts: a mail is not copied once more to stand behind four octets."""
    parts: list[bytes] = []
    for each in values:
        parts += (_NULL,) if each is None else (_SIZE.pack(len(each)), each)
    return parts


def texts(values: Sequence[str | None]) -> Column:
    """Return a ``text[]``. The caller has made sure that no value holds U+0000 or a lone surrogate."""
    return _column(_TEXT, len(values), _sized(None if each is None else each.encode() for each in values))


def octets(values: Sequence[bytes | None]) -> Column:
    """Return a ``bytea[]``."""
    return _column(_BYTEA, len(values), _sized(values))


def bigints(values: Sequence[int | None]) -> Column:
    """Return a ``bigint[]``."""
    return _column(_INT8, len(values), [_NULL if each is None else _BIGINT.pack(8, each) for each in values])


def bigint(value: int) -> bytes:
    """Return one element of ``spelled_bigints``."""
    return _BIGINT.pack(8, value)


def spelled_bigints(elements: Sequence[bytes]) -> Column:
    """Return a ``bigint[]`` of elements that ``bigint`` has spelled: for values that come again and again."""
    return _column(_INT8, len(elements), elements)


def booleans(values: Sequence[bool]) -> Column:
    """Return a ``boolean[]``."""
    return _column(_BOOL, len(values), [b"\0\0\0\1\1" if each else b"\0\0\0\1\0" for each in values])


def times(values: Sequence[datetime]) -> Column:
    """Return a ``timestamptz[]`` of aware times, to the microsecond."""
    return _column(_TIMESTAMPTZ, len(values), map(_spelled_time, values))


@lru_cache(maxsize=1024)  # when a message came stands in six columns of its commit
def _spelled_time(at: datetime) -> bytes:
    since = at - _EPOCH
    return _BIGINT.pack(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
