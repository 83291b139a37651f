"""Characters that nobody sees, or that are not what they look like."""

import base64
import html
import re
import unicodedata
from typing import NamedTuple

from gatepost.mail.glance import Glance
from gatepost.verify.paper import Technique
from gatepost.verify.reading.domains import skeleton
from gatepost.verify.reading.marks import Marks

_FLAG = "\U0001f3f4[\U000e0030-\U000e007a]{1,6}\U000e007f"
_ZERO = "\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
_LATIN = " -~\u00c0-\u024f"
_UNSEEN = re.compile(
    f"(?P<flag>{_FLAG})|(?P<tags>[\U000e0000-\U000e007f]+)"
    "|(?P<bits>[\U000e0100-\U000e01ef\ufe00-\ufe0e][\U000e0100-\U000e01ef\ufe00-\ufe0f]+)"
    f"|(?P<zero>[\u00ad{_ZERO}]+|[\u200c\u200d](?=[\\s{_LATIN}]|\\Z))"
)
_SPELT = re.compile("[\u200b-\u200d\u2060\ufeff]{16,}+")
"""A run in which two of these may spell bits; preheaders are padded with shorter ones."""
_SPLIT = re.compile(
    f"[{_LATIN}]?(?<![{_ZERO}\u200c\u200d])(?:[{_ZERO}\u200c\u200d]++[{_LATIN}]{{1,2}}){{4,}}+"
    f"|[{_LATIN}]?(?<!\u00ad)(?:\u00ad++[{_LATIN}]){{4,}}+"
)
_OVERRIDE = re.compile("([\u202d\u202e])([^\u202c\u2069\n]*)\u202c?")
_TAG_OFFSET = 0xE0000
_ASCII = range(0x20, 0x7F)
_SELECTORS = 0xE0100 - 16
_WIDE = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f189][\u3000 ]{0,2}")
_WIDE_RUN = re.compile(f"(?:{_WIDE.pattern}){{8,}}+")
_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{24,}+(?:\n[A-Za-z0-9+/_-]{24,}+)*(?:\n[A-Za-z0-9+/_-]+)?={0,2}"
)
_LONG_RUN = Glance(rb"[A-Za-z0-9+/_-]{24}")
_MIN_WORDS = 2
_BIT_VALUES = 2


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
    if text.isascii():
        return text
    note = _Noter(marks, place, at, width)
    _note_unseen(text, note)
    if "\u202d" in text or "\u202e" in text:
        text = _OVERRIDE.sub(lambda found: _turned(found, note), text)
    return _UNSEEN.sub(lambda found: found["flag"] or "", text)


class _Noter(NamedTuple):
    """Notes what a match spells, at its place in a larger text."""

    marks: Marks
    place: str
    at: int
    width: int | None

    def note(self, technique: Technique, found: re.Match[str], words: str) -> None:
        start, end = found.span() if self.width is None else (0, self.width)
        self.marks.add(technique, self.place, self.at + start, self.at + end, words)


def _note_unseen(text: str, note: _Noter) -> None:
    for found in _SPELT.finditer(text):
        note.note(Technique.ZERO_WIDTH, found, _bits(found[0]))
    for found in _SPLIT.finditer(text):
        note.note(Technique.ZERO_WIDTH, found, _UNSEEN.sub("", found[0]))
    for found in _UNSEEN.finditer(text):
        if found["tags"]:
            words = "".join(chr(ord(c) - _TAG_OFFSET) for c in found[0] if ord(c) - _TAG_OFFSET in _ASCII)
            note.note(Technique.TAG_CHARACTERS, found, html.unescape(words))
        elif found["bits"]:
            note.note(Technique.VARIATION_SELECTORS, found, _octets(found[0]))


def _turned(found: re.Match[str], note: _Noter) -> str:
    shown = found[2][::-1] if found[1] == "\u202e" else found[2]
    note.note(Technique.BIDI_OVERRIDE, found, shown)
    return shown


def _octets(selectors: str) -> str:
    values = (ord(c) - (0xFE00 if ord(c) < _SELECTORS else _SELECTORS) for c in selectors)
    return bytes(values).decode("utf-8", "replace")


def _bits(run: str) -> str:
    """Read a run of two different characters as octets, either way round; empty where that gives no words."""
    kinds = sorted(set(run))
    for one in kinds if len(kinds) == _BIT_VALUES else ():
        bits = "".join("1" if char == one else "0" for char in run)
        octets = int(bits, 2).to_bytes((len(bits) + 7) // 8, "big") if len(bits) % 8 == 0 else b""
        text = octets.decode("utf-8", "replace")
        if text and sum(char.isprintable() and char != "\ufffd" for char in text) > 0.9 * len(text):
            return text
    return ""


def note_lookalikes(human: str, marks: Marks) -> None:
    """Note words of the human view that people and machines read differently; linear."""
    if not human.isascii():
        for found in _WIDE_RUN.finditer(human):
            words = unicodedata.normalize("NFKC", found[0])
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
