"""The place of a text that shows why it was found, with the hits marked. A stranger's words, data only."""

import re
from dataclasses import dataclass

from gatepost.mailbox import words

LEAD_CHARS, SNIPPET_CHARS = 40, 200
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Marks:
    """What is a hit: whole runs, and runs that begin like one of ``beginnings``."""

    runs: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.runs or self.beginnings)

    def are_in(self, run: str) -> bool:
        """Tell whether a run is a hit; one without spaces is where a mark lies inside it."""
        if run in self.runs or run.startswith(self.beginnings):
            return True
        return words.is_unspaced(run) and any(mark in run for mark in self.runs)


NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; put together, the pieces are the text."""

    text: str
    is_hit: bool


def marked(text: str, marks: Marks) -> tuple[Piece, ...]:
    """Return a whole text in pieces."""
    found = [(start, end) for run, start, end in words.runs(text) if marks.are_in(run)]
    pieces: list[Piece] = []
    at = 0
    for start, end in found:
        pieces += [Piece(text[at:start], is_hit=False), Piece(text[start:end], is_hit=True)]
        at = end
    pieces.append(Piece(text[at:], is_hit=False))
    return tuple(piece for piece in pieces if piece.text)


def snippet(text: str, marks: Marks) -> tuple[Piece, ...]:
    """Return the surroundings of the first hit, or the beginning where there is none; white space becomes one space."""
    first = next((start for run, start, _ in words.runs(text) if marks.are_in(run)), 0) if marks else 0
    start = max(first - LEAD_CHARS, 0)
    if start:  # at a word's beginning, if there is one near
        start = text.find(" ", start, first) + 1 or start
    cut = _SPACE.sub(" ", text[start : start + SNIPPET_CHARS]).strip()
    return marked(cut, marks)
