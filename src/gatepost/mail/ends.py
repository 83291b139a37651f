"""Where patterns end in octets: every place, by Hyperscan in one pass, or by RE2 alone where there is no Hyperscan.

Both say the same. RE2 finds where a match starts and the furthest it reaches; from there back each shorter reach is
asked for, so that its work is a scan a pattern and a short look a hit: linear as long as a pattern's matches are short.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import re2

hyperscan: Any
try:
    import hyperscan
except ImportError:  # there is no wheel for this machine
    hyperscan = None

ENGINE = "RE2" if hyperscan is None else "Hyperscan"
"""What scans here."""
CASELESS, DOTALL, ONCE = 1, 2, 8
"""Flags, of Hyperscan's values: letters of ASCII in either case; ``.`` is any octet; only the first end is told."""
Pattern = tuple[bytes, int, int]
"""An expression, the id it is reported by, and its flags."""

_TOKEN = re.compile(rb"\\.|\[(?P<class>\^?(?:\\.|[^\]\\])*)\]|[\x80-\xff]", re.DOTALL)
_HIGH = re.compile(rb"[\x80-\xff]+")


class Ends:
    """Patterns that RE2 looks for, one after another."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._looks = [_Look(*pattern) for pattern in patterns]

    def found(self, octets: bytes, most: int) -> list[tuple[int, int]]:
        """Return where a pattern ends, and its id; in order, the first ``most``."""
        found = [(end, look.name) for look in self._looks for end in look.ends(octets, most)]
        return sorted(found)[:most]

    def names(self, octets: bytes) -> list[int]:
        """Return the ids of those that occur."""
        return [look.name for look in self._looks if look.occurs(octets)]


class _Look:
    """One pattern, compiled when it is first asked for."""

    def __init__(self, expression: bytes, name: int, flags: int) -> None:
        self.name = name
        self._is_once = bool(flags & ONCE)
        self._is_caseless = bool(flags & CASELESS)
        self._expression = for_re2(expression, is_caseless=self._is_caseless)

    @cached_property
    def _plain(self) -> Any:
        return self._compiled(b"(?:%b)")

    @cached_property
    def _furthest(self) -> Any:
        return self._compiled(b".*(?:%b)")

    def _compiled(self, frame: bytes) -> Any:
        options = re2.Options()
        options.case_sensitive = not self._is_caseless
        options.dot_nl = True
        options.longest_match = True
        options.never_capture = True
        options.encoding = re2.Options.Encoding.LATIN1
        return re2.compile(frame % self._expression, options)

    def occurs(self, octets: bytes) -> bool:
        return self._plain.search(octets) is not None

    def ends(self, octets: bytes, most: int) -> Sequence[int]:
        """Return where matches end; about ``most``, the first ones."""
        ends: list[int] = []
        for some in self._stretches(octets):
            ends += some
            if self._is_once:
                return [min(ends)]
            if len(ends) >= most:
                break
        return ends

    def _stretches(self, octets: bytes) -> Iterator[list[int]]:
        """Yield the ends that a match from each start adds to those before it: all of them are further on."""
        last = 0
        found = self._plain.search(octets)
        while found is not None:
            start, end = found.span()
            some: list[int] = []
            while end > last:
                some.append(end)
                shorter = self._furthest.match(octets, start, end - 1)
                end = shorter.end() if shorter is not None else last
            if some:
                last = some[0]
                yield some
            found = self._plain.search(octets, start + 1) if start < len(octets) else None


def for_re2(expression: bytes, *, is_caseless: bool) -> bytes:
    """Return an expression for octets as RE2 must be told it, to mean what Hyperscan takes it for.

    To Hyperscan the vertical tab is white space, and only ASCII has two cases; to RE2 Latin-1 has them too.
    """

    def spell(token: re.Match[bytes]) -> bytes:
        whole, inside = token[0], token["class"]
        if whole in {rb"\s", rb"\S"}:
            return rb"[%b\s\x0b]" % (b"^" if whole == rb"\S" else b"")
        if inside is not None:
            spaced = inside.replace(rb"\s", rb"\s\x0b")
            if is_caseless and inside[:1] == b"^" and _HIGH.search(inside):
                raise ValueError(f"what letters other than ASCII's are excluded cannot be told to RE2: {whole!r}")
            high = b"".join(_HIGH.findall(spaced)) if is_caseless else b""
            return rb"(?:[%b]|(?-i:[%b]))" % (_HIGH.sub(b"", spaced), high) if high else b"[%b]" % spaced
        return rb"(?-i:%b)" % whole if is_caseless and whole[0] >= 0x80 else whole  # noqa: PLR2004  # ASCII ends here

    return _TOKEN.sub(spell, expression)
