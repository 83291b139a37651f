"""Words of the plain text that the HTML beside it does not show: a model may read one, a person the other."""

import re
from functools import cached_property
from itertools import pairwise

from gatepost.verify.paper import Technique
from gatepost.verify.reading.marks import Marks

MIN_WORDS = 4
"""Fewer foreign words in a row are a matter of wording."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_BLANKS = {octet: " " for octet in range(128) if not chr(octet).isalnum() and chr(octet) != "'"}
_QUOTE = re.compile(r"(?<![A-Za-z0-9])'|'(?![A-Za-z0-9])")
_URL = re.compile(r"(?:https?://|www\.|mailto:)\S+")


def _without_addresses(text: str) -> str:
    """Return a text with blanks where addresses stand."""
    return _URL.sub(lambda found: " " * len(found[0]), text)


def _is_simple(text: str) -> bool:
    """Tell whether a text has no addresses, and but inside of words apostrophes: then all words are found quickly."""
    return text.isascii() and _URL.search(text) is None and ("'" not in text or _QUOTE.search(text) is None)


def _words(text: str) -> list[str]:
    if _is_simple(text):
        return _quickly(text)
    found: list[str] = _WORD.findall(_without_addresses(text))
    return [word.casefold() for word in found]


def _quickly(text: str) -> list[str]:
    """Return the words without their places, and with what stands in addresses."""
    return text.translate(_BLANKS).casefold().split()


def _has_foreign_run(words: list[str], pairs: set[tuple[str, str]]) -> bool:
    run = 1
    for pair in pairwise(words):
        run = 1 if pair in pairs else run + 1
        if run >= MIN_WORDS:
            return True
    return False


class Shown:
    """What a person sees of a message; its words are looked for once, however many texts are compared with it."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def quick_pairs(self) -> set[tuple[str, str]]:
        """Neighbours, also within addresses."""
        return set(pairwise(_quickly(self._text)))

    @cached_property
    def pairs(self) -> set[tuple[str, str]]:
        """Neighbours outside of addresses."""
        if _is_simple(self._text):
            return self.quick_pairs
        return set(pairwise(_words(self._text)))


def note_mismatch(plain: str, shown: Shown, marks: Marks) -> None:
    """Note runs of words in ``plain`` that stand nowhere in ``shown``, pair by pair; linear in both.

    Args:
        plain: the text/plain alternative, as in ``Content.plain``.
        shown: what a person sees of the HTML alternative.
        marks: takes the spans, whose place is ``text``.
    """
    if not _has_foreign_run(_quickly(plain), shown.quick_pairs):
        return
    pairs = shown.pairs
    words = _words(plain)
    known = [False] * len(words)
    for at, pair in enumerate(pairwise(words)):
        if pair in pairs:
            known[at] = known[at + 1] = True
    places: list[tuple[int, int]] = []
    start = 0
    for at in range(len(words) + 1):
        if at < len(words) and not known[at]:
            continue
        if at - start >= MIN_WORDS:
            places = places or [found.span() for found in _WORD.finditer(_without_addresses(plain))]
            first, last = places[start][0], places[at - 1][1]
            marks.add(Technique.PLAIN_HTML_MISMATCH, "text", first, last, plain[first:last])
        start = at + 1
