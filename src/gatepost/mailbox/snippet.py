"""The place of a text that shows why it was found, with the hits marked. A stranger's words, data only."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from gatepost.mailbox import words

LEAD_CHARS, SNIPPET_CHARS = 40, 200
MARKED_MAX_CHARS = 1_000
"""Of a subject: a stranger's may have 60,000, every second one a hit."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Marks:
    """What is a hit: whole runs, and runs that begin like one of ``beginnings``."""

    runs: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.runs or self.beginnings)

    def hits(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the text holds a hit; in a run without spaces, the place that is one."""
        for run, start, end in words.runs(text):
            if run in self.runs or run.startswith(self.beginnings):
                yield start, end
            elif words.is_unspaced(run) and (inside := self._inside(run)):
                yield from _as_written(text[start:end], run, inside, start)

    def first(self, text: str) -> int:
        """Return where the first hit begins, or 0: of a long run no other is looked for, and there may be thousands."""
        for run, start, end in words.runs(text):
            if run in self.runs or run.startswith(self.beginnings):
                return start
            found = [at for mark in self.runs if (at := run.find(mark)) >= 0] if words.is_unspaced(run) else []
            if found:
                return _as_written(text[start:end], run, [(min(found), min(found) + 1)], start)[0][0]
        return 0

    def _inside(self, run: str) -> list[tuple[int, int]]:
        """Return where marks lie in a run, those that touch each other as one."""
        found: list[tuple[int, int]] = []
        for start, end in sorted(hit.span() for mark in self.runs for hit in re.finditer(re.escape(mark), run)):
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
        return found


NO_MARKS = Marks()


def _as_written(spelled: str, run: str, inside: list[tuple[int, int]], at: int) -> list[tuple[int, int]]:
    """Return places of a run as places of the text; the whole run where characters of it were put together."""
    apart = [words.folded(character) for character in spelled]
    if "".join(apart) != run:
        return [(at, at + len(spelled))]
    ends = list(accumulate(map(len, apart)))
    return [(at + bisect_right(ends, start), at + bisect_left(ends, end) + 1) for start, end in inside]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; put together, the pieces are the text."""

    text: str
    is_hit: bool


def marked(text: str, marks: Marks) -> tuple[Piece, ...]:
    """Return a whole text in pieces; beyond ``MARKED_MAX_CHARS`` no hits are looked for."""
    pieces: list[Piece] = []
    at = 0
    for start, end in marks.hits(text[:MARKED_MAX_CHARS]):
        pieces += [Piece(text[at:start], is_hit=False), Piece(text[start:end], is_hit=True)]
        at = end
    pieces.append(Piece(text[at:], is_hit=False))
    return tuple(piece for piece in pieces if piece.text)


def snippet(text: str, marks: Marks) -> tuple[Piece, ...]:
    """Return the surroundings of the first hit, or the beginning where there is none; white space becomes one space."""
    first = marks.first(text) if marks else 0
    start = max(first - LEAD_CHARS, 0)
    if start:  # at a word's beginning, if there is one near
        start = text.find(" ", start, first) + 1 or start
    cut = _SPACE.sub(" ", text[start : start + SNIPPET_CHARS]).strip()
    return marked(cut, marks)
