"""Marks planted in prompts, found again however a model or a stranger writes them.

A text is searched bare: folded, without case and without anything but letters and digits. So spaces, invisible
characters, line ends, look-alikes and punctuation hide no mark; and each mark is looked for in the spellings a machine
would choose for it.
"""

import base64
import codecs
from collections.abc import Collection, Iterator
from functools import lru_cache
from html import unescape
from urllib.parse import unquote

from gatepost.verify.injection.fold import fold

MIN_BARE = 8
"""A mark of fewer letters and digits is found as it is written alone."""
_MAX_MARKS = 256
_OTHER = bytes(octet for octet in range(256) if not (octet < 0x80 and chr(octet).isalnum()))  # noqa: PLR2004  # ASCII


def found(text: str, canaries: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield where each mark that ``text`` repeats stands; the whole text, where it is written in another way."""
    if not canaries:
        return
    bare = b" ".join(_bare(fold(reading)) for reading in {text, unquote(text), unescape(text)})
    for canary in canaries:
        if (start := text.find(canary)) >= 0:
            yield start, start + len(canary)
        elif any(spelling in bare for spelling in _spellings(canary)):
            yield 0, len(text)


def _bare(octets: bytes) -> bytes:
    return octets.translate(None, _OTHER).lower()


@lru_cache(maxsize=_MAX_MARKS)
def _spellings(canary: str) -> tuple[bytes, ...]:
    """Return the mark bare: as it is, backwards, in ROT13, hexadecimal, and base64 wherever in a text it began."""
    bare = _bare(fold(canary))
    if len(bare) < MIN_BARE:
        return ()
    spelt = [bare, bare[::-1], codecs.encode(bare.decode("ascii"), "rot13").encode("ascii")]
    for written in {canary, canary.lower(), canary.upper()}:
        octets = written.encode("utf-8", "replace")
        spelt.append(octets.hex().encode("ascii"))
        spelt += [_inner(octets, before) for before in range(3)]
    return tuple(dict.fromkeys(spelt))


def _inner(octets: bytes, before: int) -> bytes:
    """Return, bare, the characters of base64 that depend on ``octets`` alone, with ``before`` octets ahead of them."""
    written = base64.b64encode(bytes(before) + octets + bytes(-(before + len(octets)) % 3))
    first, last = -(-before * 8 // 6), (before + len(octets)) * 8 // 6
    return _bare(written[first:last])
