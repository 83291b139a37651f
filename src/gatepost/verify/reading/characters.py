"""Characters that nobody sees, or that are not what they look like."""

import base64
import html
import re
import unicodedata
from collections import Counter
from typing import NamedTuple

from gatepost.mail.glance import Glance
from gatepost.verify.paper import Technique
from gatepost.verify.reading.domains import skeleton
from gatepost.verify.reading.marks import Marks

_FLAG = "\U0001f3f4[\U000e0030-\U000e007a]{1,6}\U000e007f"
_ZERO = "\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
_LATIN = " -~\u00c0-\u024f"
_PARTING = f"{_ZERO}\u061c\u200c-\u200f\ufe00-\ufe0f"
"""What nobody sees between two Latin letters: marks of direction and selectors, too."""
_UNSEEN = re.compile(
    f"(?P<flag>{_FLAG})|(?P<tags>[\U000e0000-\U000e007f]+)"
    "|(?P<bits>[\U000e0100-\U000e01ef\ufe00-\ufe0e][\U000e0100-\U000e01ef\ufe00-\ufe0f]+)"
    f"|(?P<zero>[\u00ad{_ZERO}]+|[\u200c\u200d](?=[\\s{_LATIN}]|\\Z)"
    f"|(?<=[{_LATIN}])[\u061c\u200e\u200f\ufe00-\ufe0e]++(?=[{_LATIN}]))"
)
_SPELT = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff]{16,}")
"""A run in which two of these may spell bits; preheaders are padded with shorter ones."""
_STREWN = re.compile(
    r"(?<![\u200b-\u200f\u2060-\u2064\ufeff])[\u200b-\u200f\u2060-\u2064\ufeff]{2,15}(?![\u200b-\u200f\u2060-\u2064\ufeff])"
)
"""A shorter one: many, strewn between letters, may spell bits together."""
_AROUND = re.compile(r"[\u200b-\u200f\u2060-\u2064\ufeff].*[\u200b-\u200f\u2060-\u2064\ufeff]", re.DOTALL)
MIN_STREWN = 8
_SPLIT = re.compile(
    f"[{_LATIN}]?(?<![{_PARTING}])(?:[{_PARTING}]++[{_LATIN}]{{1,2}}){{4,}}"
    f"|[{_LATIN}]?(?<![\u00ad{_PARTING}])(?:[\u00ad{_PARTING}]++[{_LATIN}]){{4,}}"
)
_MARKS = f"{_ZERO}\u00ad\u061c\u180b-\u180d\u200c-\u200f\ufe00-\ufe0f\U000e0000-\U000e007f\U000e0100-\U000e01ef"
_WITHIN = re.compile(f"(?<=[\\w\u0300-\u036f])(?<![{_MARKS}])[{_MARKS}]++(?=\\w)")
"""Characters that nobody sees between those of a word."""
_NEVER = re.compile("[\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]")
"""Of them, those that no script wants there."""
_SHAPED = re.compile("[\u0590-\u1cff\ua800-\uabff\ufb1d-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e800-\U0001efff]")
"""Letters that join, take marks of direction, are written without blanks, or in old Hangul without all their parts."""
_FIRST_SHAPED = "\u0590"
_SELECTED = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff]")
"""Letters of which a selector chooses a form (UTS #37)."""
_SELECTORS_ALONE = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_MARKED = re.compile(f"[{_MARKS}]+")
MAX_NOTED = 2_000
"""Words of one text that are told apart; where there are more, the rest of the text is one span."""
_MAX_WORD = 60
_WORD_START = re.compile(f"[\\w\u0300-\u036f{_MARKS}]+")
_WORD_END = re.compile(f"[\\w\u0300-\u036f{_MARKS}]+\\Z")
_OVERRIDE = re.compile("([\u202d\u202e])([^\u202c\u2069\n]*)\u202c?")
_OVERRIDES = re.compile("(?:[\u202d\u202e][^\u202c-\u202e\u2069\n]*\u202c?[ \\t]{0,2}){2,20000}")
"""One after the other, as where each word is turned round by itself. ``re`` keeps hundreds of octets a turn."""
_TURNS = "\u202a-\u202e\u2066-\u2069"
_EMBEDDED = re.compile(f"(?<![{_TURNS}])[{_TURNS}]+([^{_TURNS}\n]+)")
_LEFTWARD = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
"""Letters that are written from right to left; without any, nothing honest turns the direction."""
_UNSEEN_OCTETS = Glance(
    rb"\xC2\xAD|\xCD\x8F|\xD8\x9C|\xE1\x85[\x9F\xA0]|\xE1\x9E[\xB4\xB5]|\xE1\xA0[\x8B-\x8E]"
    rb"|\xE2(?:\x80[\x8B-\x8F\xAA-\xAE]|\x81[\xA0-\xAF])|\xE3\x85\xA4"
    rb"|\xEF(?:\xB8[\x80-\x8F]|\xBB\xBF|\xBE\xA0|\xBF[\xB9-\xBB])|\xF3\xA0[\x80\x81\x84-\x87]"
)
"""All of these in UTF-8, with what turns the direction: a text without any is shown as it is written."""
_TAG_OFFSET = 0xE0000
_ASCII = range(0x20, 0x7F)
_SELECTORS = 0xE0100 - 16
_WIDE = re.compile(
    "[\uff01-\uff5e\U0001d400-\U0001d7ff\u249c-\u24e9\U0001f110-\U0001f189\u2070-\u209c\u1d2c-\u1d6a\u02b0-\u02b8\u1d00-\u1d2b"
    "\u02e0-\u02e4\u1d78\u1d9b-\u1dbf\u0262\u026a\u0274\u0280\u028f\u0299\u029c\u029f\ua730\ua731][\u3000 .,qsx]{0,2}"
)
_WIDE_RUN = re.compile(f"(?:{_WIDE.pattern}){{8,}}")
_CAPITALS = dict(
    zip(
        map(
            ord,
            "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22",
        ),
        "abcdefghijklmnoprstuvwyz",
        strict=True,
    )
) | {first + at: chr(ord("a") + at) for first in (0x249C, 0x1F110, 0x1F150, 0x1F170) for at in range(26)}
"""Small capitals, letters in parentheses and letters on dark grounds: Unicode calls none of them a form of a letter."""
_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{24,}+(?:\n[A-Za-z0-9+/_-]{24,}+)*(?:\n[A-Za-z0-9+/_-]+)?={0,2}"
)
_LONG_RUN = Glance(rb"[A-Za-z0-9+/_-]{24}")
_MIN_WORDS = 2
_BIT_VALUES = 2
MAX_SPELT = 80_000
"""Characters of a run that are read as bits: ten thousand letters."""
MIN_KINDS = 2
"""Fewer different letters are padding that happens to spell some."""


def clean(text: str, place: str, at: int, marks: Marks, *, width: int | None = None) -> str:
    """Return ``text`` as it is displayed, without unseen characters, and note what they spell; linear.

    Tag characters spell ASCII (Unicode chapter 23.9), runs of variation selectors spell octets, runs of two zero-width
    characters bits. Flags written with tag characters stay, as do joiners, which scripts need. What an override turns
    round is returned as a person reads it (UAX #9 section 2.2).

    Args:
        text: what to read.
        place: of the spans.
        at: where ``text`` begins in that place.
        marks: takes the spans.
        width: how many characters ``text`` takes there, where it is not its length: each span then is the whole.
    """
    if text.isascii() or not _UNSEEN_OCTETS.see(text.encode("utf-8", "replace")):
        return text
    note = _Noter(marks, place, at, width)
    _note_unseen(text, note)
    if "\u202d" in text or "\u202e" in text:
        for found in _OVERRIDES.finditer(text):
            note.note(Technique.BIDI_OVERRIDE, found, _OVERRIDE.sub(_shown, found[0]))
        text = _OVERRIDE.sub(lambda found: _turned(found, note), text)
    elif ("\u202b" in text or "\u2067" in text) and _LEFTWARD.search(text) is None:
        for found in _EMBEDDED.finditer(text):
            if "\u202b" in found[0] or "\u2067" in found[0]:
                note.note(Technique.BIDI_OVERRIDE, found, found[1])
    text = _WITHIN.sub(lambda found: "" if _is_odd(found) else found[0], text)
    return _UNSEEN.sub(lambda found: found["flag"] or "", text)


class _Noter(NamedTuple):
    """Notes what a match spells, at its place in a larger text."""

    marks: Marks
    place: str
    at: int
    width: int | None

    def note(self, technique: Technique, found: re.Match[str], words: str) -> None:
        self.add(technique, *found.span(), words)

    def add(self, technique: Technique, start: int, end: int, words: str) -> None:
        """Note what lies between two characters of the text."""
        start, end = (start, end) if self.width is None else (0, self.width)
        self.marks.add(technique, self.place, self.at + start, self.at + end, words)


def _note_unseen(text: str, note: _Noter) -> None:
    for found in _SPELT.finditer(text):
        note.note(Technique.ZERO_WIDTH, found, _bits(found[0]))
    if len(strewn := _STREWN.findall(text)) >= MIN_STREWN:
        words = _bits("".join(strewn))
        if words and (around := _AROUND.search(text)) is not None:
            note.note(Technique.ZERO_WIDTH, around, words)
    for found in _SPLIT.finditer(text):
        note.note(Technique.ZERO_WIDTH, found, _UNSEEN.sub("", found[0]))
    _note_within(_SPLIT.sub(lambda found: " " * len(found[0]), text), note)
    for found in _UNSEEN.finditer(text):
        if found["tags"]:
            words = "".join(chr(ord(c) - _TAG_OFFSET) for c in found[0] if ord(c) - _TAG_OFFSET in _ASCII)
            note.note(Technique.TAG_CHARACTERS, found, html.unescape(words))
        elif found["bits"]:
            note.note(Technique.VARIATION_SELECTORS, found, _octets(found[0]))


def _is_odd(found: re.Match[str]) -> bool:
    """Tell whether such characters do nothing for the letters beside them."""
    before, after = found.string[found.start() - 1], found.string[found.end()]
    if before < _FIRST_SHAPED and after < _FIRST_SHAPED:
        return True
    if _NEVER.search(found[0]):
        return True
    if _SELECTED.match(before) and _SELECTORS_ALONE.fullmatch(found[0]):
        return False
    return not (_SHAPED.match(before) or _SHAPED.match(after))


def _note_within(text: str, note: _Noter) -> None:
    """Note the words of each line that have unseen characters within, as one span from the first to the last."""
    words: list[str] = []
    start = end = 0
    for count, found in enumerate(filter(_is_odd, _WITHIN.finditer(text))):
        if count == MAX_NOTED:
            note.add(
                Technique.UNSEEN_CHARACTER, found.start(), len(text), _MARKED.sub("", text[found.start() :][:MAX_SPELT])
            )
            break
        if words and found.start() < end:
            continue
        if words and "\n" in text[end : found.start()]:
            note.add(Technique.UNSEEN_CHARACTER, start, end, " ".join(words))
            words.clear()
        low, high = _word_around(text, found.start())
        start = start if words else low
        words.append(_MARKED.sub("", text[low:high]))
        end = high
    if words:
        note.add(Technique.UNSEEN_CHARACTER, start, end, " ".join(words))


def _word_around(text: str, at: int) -> tuple[int, int]:
    """Return where the word begins and ends that an unseen character stands in, as far as ``_MAX_WORD`` goes."""
    before, after = text[max(0, at - _MAX_WORD) : at], text[at : at + _MAX_WORD]
    low, high = _WORD_END.search(before), _WORD_START.match(after)
    return at - len(low[0] if low else ""), at + len(high[0] if high else "")


def _turned(found: re.Match[str], note: _Noter) -> str:
    shown = _shown(found)
    note.note(Technique.BIDI_OVERRIDE, found, shown)
    return shown


def _shown(found: re.Match[str]) -> str:
    return found[2][::-1] if found[1] == "\u202e" else found[2]


def _octets(selectors: str) -> str:
    values = (ord(c) - (0xFE00 if ord(c) < _SELECTORS else _SELECTORS) for c in selectors)
    return bytes(values).decode("utf-8", "replace")


def _bits(run: str) -> str:
    """Read a run of few kinds of characters as octets, either way round; empty where that gives no words.

    Two kinds are bits, eight, seven or sixteen of them a letter, or any number where a third kind parts the letters.
    """
    counts = Counter(run[:MAX_SPELT])
    kinds = sorted(counts)
    if len(kinds) == _BIT_VALUES:
        words = (_spelt(run[:MAX_SPELT], one, width) for width in (8, 7, 16) for one in kinds)
        return next(filter(None, words), "")
    if len(kinds) == _BIT_VALUES + 1:
        parting = min(kinds, key=lambda kind: counts[kind])
        letters = [letter for letter in run[:MAX_SPELT].split(parting) if letter]
        for one in kinds:
            values = [int("".join("1" if char == one else "0" for char in letter[:16]), 2) for letter in letters]
            text = "".join(map(chr, values)) if one != parting and len(letters) >= MIN_STREWN else ""
            if _is_worded(text):
                return text
    return ""


def _spelt(run: str, one: str, width: int) -> str:
    """Return what the bits spell, ``width`` of them a letter; empty where that is no words."""
    if len(run) % width:
        return ""
    bits = "".join("1" if char == one else "0" for char in run)
    if width == 8:  # noqa: PLR2004  # octets
        text = int(bits, 2).to_bytes(len(bits) // 8, "big").decode("utf-8", "replace")
    else:
        text = "".join(chr(int(bits[at : at + width], 2)) for at in range(0, len(bits), width))
    return text if _is_worded(text) else ""


def _is_worded(text: str) -> bool:
    return len(set(text)) > MIN_KINDS and sum(char.isprintable() and char != "\ufffd" for char in text) > 0.9 * len(
        text
    )


def note_lookalikes(human: str, marks: Marks) -> None:
    """Note words of the human view that people and machines read differently; linear."""
    if not human.isascii():
        for found in _WIDE_RUN.finditer(human):
            words = unicodedata.normalize("NFKC", found[0].translate(_CAPITALS)).translate(_CAPITALS)
            marks.add(Technique.FULL_WIDTH, "human", found.start(), found.end(), words)
        if _FOREIGN.search(human):
            _note_homoglyphs(human, marks)
    for found in _BASE64.finditer(human) if _LONG_RUN.see(human.encode("utf-8", "replace")) else ():
        marks.add(Technique.BASE64_PAYLOAD, "human", found.start(), found.end(), _decoded(found[0]))


def _note_homoglyphs(human: str, marks: Marks) -> None:
    """Note each line that has words in which alphabets are mixed to look like one."""
    at = 0
    for line in human.splitlines(keepends=True):
        if not line.isascii() and any(_is_mixed(found[0]) for found in _WORD.finditer(line)):
            marks.add(Technique.HOMOGLYPH, "human", at, at + len(line), skeleton(line))
        at += len(line)


def _is_mixed(word: str) -> bool:
    return (
        not word.isascii()
        and any(char.isascii() for char in word)
        and _FOREIGN.search(word) is not None
        and skeleton(word).isascii()
    )


def _decoded(blob: str) -> str:
    """Return what base64 spells, where that is words."""
    letters = re.sub(r"\s+", "", blob).rstrip("=").replace("-", "+").replace("_", "/")
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    text = base64.b64decode(letters + "=" * (-len(letters) % 4)).decode("utf-8", "replace")
    printable = sum(char.isprintable() or char.isspace() for char in text) - text.count("\ufffd")
    return text if printable > 0.9 * len(text) and len(text.split()) >= _MIN_WORDS else ""
