"""Other alphabets' twins of the letters phrases are written in: one character in, one octet out.

A character without a twin becomes an octet above ASCII that tells the letters of one alphabet apart, and of Chinese at
least words. So phrases in any script are found in the same pass: they are folded as the text is.
"""

import re
import unicodedata

_FIRST_OTHER = 0x80
_CACHED_UP_TO = 0x10000
"""Of rarer characters the octet is made anew each time: a stranger could write a million of them."""

_LOOKALIKES = {
    0x00A1: "!",
    0x00AB: '"',
    0x00BB: '"',
    0x00BF: "?",
    0x00C6: "A",
    0x00D8: "O",
    0x00DF: "s",
    0x00E6: "a",
    0x00F8: "o",
    0x0110: "Dd",
    0x0131: "i",
    0x0141: "Ll",
    0x0251: "a",
    0x0261: "gG",
    0x0269: "iI",
    0x0274: "N",
    0x0280: "R",
    0x028F: "Y",
    0x0299: "B",
    0x029C: "H",
    0x029F: "L",
    0x0391: "AB",
    0x0395: "EZH",
    0x0399: "IK",
    0x039C: "MN",
    0x039F: "O",
    0x03A1: "P",
    0x03A4: "TY",
    0x03A7: "X",
    0x03B1: "aby",
    0x03B5: "ezn",
    0x03B9: "ik",
    0x03BC: "uv",
    0x03BF: "o",
    0x03C1: "p",
    0x03C3: "otu",
    0x03C7: "x",
    0x03C9: "w",
    0x0405: "SI",
    0x0408: "J",
    0x0410: "A",
    0x0412: "B",
    0x0415: "E",
    0x0417: "Z",
    0x041A: "K",
    0x041C: "MHO",
    0x0420: "PCTY",
    0x0425: "X",
    0x0430: "abbrde",
    0x0437: "zu",
    0x043A: "k",
    0x043C: "mho",
    0x0440: "pcty",
    0x0445: "x",
    0x0451: "e",
    0x0455: "siij",
    0x0491: "r",
    0x04BB: "h",
    0x04CF: "l",
    0x0501: "d",
    0x050C: "G",
    0x051A: "QqWw",
    0x0570: "h",
    0x0575: "j",
    0x0578: "n",
    0x057D: "u",
    0x0581: "g",
    0x0585: "o",
    0x1D00: "A",
    0x1D04: "CD",
    0x1D07: "E",
    0x1D0A: "JK",
    0x1D0D: "M",
    0x1D0F: "O",
    0x1D18: "P",
    0x1D1B: "TU",
    0x1D20: "VWZ",
    0x2010: "------",
    0x2018: "''''\"\"\"\"",
    0x2026: ".",
    0x2032: "'\"",
    0x20AC: "$",
    0x2212: "-",
    0xA730: "Fs",
}
"""Runs of characters, from the first code point on, and the ASCII each of them is taken for."""
_FOREIGN = re.compile("[^\x00-\x7e]+")
_UNSEEN = re.compile(
    "[\u0080-\u009f\u00ad\u0300-\u036f\u0488\u0489\u061c\u0640\u064b-\u0652\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20f0\u2800\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0100-\U000e01ef]+"
)


def _twin(point: int) -> int | None:
    """Return the ASCII letter, digit or space a character is a form of, by its compatibility decomposition."""
    plain = unicodedata.normalize("NFKD", chr(point))[:1]
    return ord(plain) if plain.isascii() and plain.isprintable() else None


class _Twins(dict[int, int]):
    """A translation table in which what has no twin becomes one of the octets above ASCII, its case aside."""

    def __missing__(self, point: int) -> int:
        lower = chr(point).lower()
        if len(lower) == 1 and ord(lower) != point:
            octet = self[ord(lower)]
        else:
            octet = point if point < _FIRST_OTHER - 1 else _FIRST_OTHER | ((point ^ (point >> 7)) & (_FIRST_OTHER - 1))
        if point < _CACHED_UP_TO:
            self[point] = octet
        return octet


FLAGS = {0x1F1E6 + at: chr(ord("a") + at) for at in range(26)}
"""Letters that two by two are flags."""
_BRAILLE = zip("⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵", "abcdefghijklmnopqrstuvwxyz", strict=True)
_RANGES = ((0xA0, 0x250), (0x2B0, 0x2B9), (0x1D2C, 0x1D6B), (0x1E00, 0x1F00), (0x2000, 0x2070), (0x2070, 0x2190),
           (0x2460, 0x2500), (0x3000, 0x3001), (0xFF00, 0xFF60), (0x1D400, 0x1D800), (0x1F130, 0x1F18A))  # fmt: skip
_TWINS = _Twins(
    {
        **{p: t for low, high in _RANGES for p in range(low, high) if (t := _twin(p)) is not None},
        **{first + at: ord(plain) for first, run in _LOOKALIKES.items() for at, plain in enumerate(run)},
        **{point: ord(plain) for point, plain in FLAGS.items()},
        **{ord(sign): ord(plain) for sign, plain in _BRAILLE},
    }
)


def fold(text: str) -> bytes:
    """Return ``text`` with one octet for each character, its letters without marks and in the Latin alphabet."""
    if text.isascii():
        return text.encode("ascii")
    return _FOREIGN.sub(lambda found: found[0].translate(_TWINS), text).encode("latin-1")


def seen(text: str) -> tuple[str, list[int] | None]:
    """Return ``text`` without characters that show nothing, and where each that stays had stood; None: all stay."""
    if text.isascii() or _UNSEEN.search(text) is None:
        return text, None
    shown: list[str] = []
    stays: list[int] = []
    at = 0
    for found in _UNSEEN.finditer(text):
        shown.append(text[at : found.start()])
        stays.extend(range(at, found.start()))
        at = found.end()
    return "".join((*shown, text[at:])), [*stays, *range(at, len(text))]
