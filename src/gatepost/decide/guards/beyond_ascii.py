"""Which characters beyond ASCII a letter, an escape or a class of a pattern stands for. Pure.

What is written out is read here; Unicode's own classes, and what is one letter where case does not count, are asked of
RE2, whose tables decide.
"""

import re
from collections.abc import Iterable
from functools import cache

import re2

Ranges = tuple[tuple[int, int], ...]
"""First and last code points, in order and apart from one another."""

FIRST, LAST = 0x80, 0x10FFFF
NONE: Ranges = ()
ALL: Ranges = ((FIRST, LAST),)
FOLDED: Ranges = (
    (0x80, 0x5FF), (0x10A0, 0x10FF), (0x13A0, 0x13FF), (0x1C80, 0x1FFF), (0x2100, 0x218F), (0x24B0, 0x24EF),
    (0x2C00, 0x2DFF), (0xA640, 0xA7FF), (0xAB30, 0xABBF), (0xFB00, 0xFB1F), (0xFF20, 0xFF5F), (0x10400, 0x105FF),
    (0x10C80, 0x10DFF), (0x118A0, 0x118FF), (0x16E40, 0x16EFF), (0x1E900, 0x1E9FF),
)  # fmt: skip
"""The blocks with letters that have a case."""
_SURROGATES = range(0xD800, 0xE000)

_ITEM = re.compile(
    r"\\x\{(?P<braced>[0-9A-Fa-f]+)\}|\\x(?P<two>[0-9A-Fa-f]{2})|\\(?P<unicode>[pP](?:\{[^}]*\}|.))"
    r"|\[:(?P<posix>\^?)[a-z]+:\]|\\(?P<escape>.)|(?P<sign>.)",
    re.DOTALL,
)


def ranges_of(letter: str, *, folds: bool) -> Ranges:
    """Return which characters beyond ASCII one letter of a pattern stands for.

    Args:
        letter: a character, an escape, or a class, in RE2's dialect, that RE2 can compile.
        folds: whether case does not count.
    """
    if letter == ".":
        return ALL
    if letter.startswith("["):
        is_negated = letter.startswith("[^")
        written = joined(_items(letter[1 + is_negated : -1]))
        found = without(written) if is_negated else written
    else:
        found = joined(_items(letter))
    return _folded(found, letter) if folds else found


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return ranges in order, without overlaps, beyond ASCII."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if last < FIRST:
            continue
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((max(first, FIRST), last))
    return tuple(found)


def without(ranges: Ranges) -> Ranges:
    """Return all the others."""
    edges = [FIRST, *(edge for first, last in ranges for edge in (first, last + 1)), LAST + 1]
    return tuple((first, after - 1) for first, after in zip(edges[::2], edges[1::2], strict=True) if first < after)


def _items(written: str) -> Iterable[tuple[int, int]]:
    at = 0
    while found := _ITEM.match(written, at):
        at = found.end()
        code = _code(found)
        if code is None:
            yield from _several(found)
            continue
        last = _ITEM.match(written, at + 1) if written.startswith("-", at) else None
        until = _code(last) if last else None
        if last is not None and until is not None:
            at = last.end()
        yield code, code if until is None else until


def _code(found: re.Match[str]) -> int | None:
    """Return the one character that an item is; None where it is several, or of ASCII by its spelling."""
    if found["braced"] or found["two"]:
        return int(found["braced"] or found["two"], 16)
    if found["sign"]:
        return ord(found["sign"])
    if found["escape"] and found["escape"] not in "dDsSwW":
        return ord(found["escape"])  # of those for control characters it is enough that they are of ASCII
    return None


def _several(found: re.Match[str]) -> Ranges:
    if found["unicode"]:
        return _of_unicode(found["unicode"])
    is_all = found["posix"] == "^" or found["escape"] in {"D", "S", "W"}
    return ALL if is_all else NONE


@cache  # a few hundred names that RE2 knows
def _of_unicode(name: str) -> Ranges:
    return _matched(f"\\{name}", ALL)


def _folded(plain: Ranges, letter: str) -> Ranges:
    """Return what it stands for where case does not count: as RE2 says where letters have a case, else as written."""
    if len(letter) == 1 and ord(letter) >= FIRST and not any(first <= ord(letter) <= last for first, last in FOLDED):
        return plain
    outside = without(joined([*without(plain), *FOLDED]))
    return joined([*outside, *_matched(f"(?i:{letter})", FOLDED)])


def _matched(letter: str, among: Ranges) -> Ranges:
    options = re2.Options()
    options.max_mem = 1 << 23  # Unicode's classes are large
    pattern = re2.compile(f"(?:{letter})+".encode(), options)
    found: list[tuple[int, int]] = []
    for part in among:
        for run in pattern.finditer(_characters(part)):
            text = run[0].decode()
            found.append((ord(text[0]), ord(text[-1])))
    return joined(found)


def _characters(part: tuple[int, int]) -> bytes:
    return "".join(chr(code) for code in range(part[0], part[1] + 1) if code not in _SURROGATES).encode()
