"""Words that stand in every text a pattern matches, of many patterns looked for at once. Pure."""

from collections.abc import Mapping

import re2

from gatepost.decide.guards.beyond_ascii import FIRST
from gatepost.decide.guards.pattern_tree import Node, One, Row, one_of
from gatepost.decide.guards.patterns import quick_options
from gatepost.decide.guards.positions import ways_of

_WORDS_MAX_OCTETS = 16 << 20
_WORD_MIN, _WORD_MAX = 3, 24  # letters
_SPELLINGS_MAX = 3  # of one letter


def find_words(trees: Mapping[int, Node], count: int) -> "tuple[re2._Regexp[bytes] | None, frozenset[int]]":
    """Return what finds a word of any pattern that has some, and the patterns that have none.

    An automaton of words has no more states than they have letters, if case counts in none of them: so no text makes it
    slow.
    """
    words: dict[str, None] = {}
    wordless = set(range(count))
    for index, tree in trees.items():
        needed = [_word(way) for way in ways_of(tree)]
        if all(needed):
            words.update(dict.fromkeys(needed))
            wordless.discard(index)
    if not words:
        return None, frozenset()
    each = "|".join(map(re2.escape, words))
    return re2.compile(f"(?i:{each})".encode(), quick_options(_WORDS_MAX_OCTETS)), frozenset(wordless)


def _word(way: Node) -> str:
    """Return the longest word that stands in every match, in small letters; nothing where that is short."""
    words = [""]
    for part in way.parts if isinstance(way, Row) else (way,):
        letter = _letter(part)
        if letter:
            words[-1] += letter
        else:
            words.append("")
    longest = max(words, key=len)
    return longest[:_WORD_MAX] if len(longest) >= _WORD_MIN else ""


def _letter(part: Node) -> str:
    """Return the one letter that a part is, whatever its case."""
    if not isinstance(part, One) or part.members.bit_count() > _SPELLINGS_MAX or len(part.beyond) > _SPELLINGS_MAX:
        return ""
    letters = {sign for sign in map(chr, range(FIRST)) if part.members >> ord(sign) & 1}
    for first, last in part.beyond:
        letters.update(map(chr, range(first, min(last, first + _SPELLINGS_MAX) + 1)))
    small = {_small(letter) for letter in letters}
    return small.pop() if len(small) == 1 else ""


def _small(letter: str) -> str:
    """Return the first of the letters that are the same to RE2 where case does not count."""
    if letter.isascii():
        return letter.lower()
    same = one_of(letter, "i")
    first = (same.members & -same.members).bit_length() - 1
    return chr(first).lower() if same.members else chr(same.beyond[0][0])
