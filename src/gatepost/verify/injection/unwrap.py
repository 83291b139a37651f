"""Words in a wrapping a machine sees through: base64, hexadecimal, bits, Morse, ROT13, backwards, digits for letters.

Each wrapping is looked for once, in one pass, and what is inside is read as a text of its own. Ordinary references,
keys and tracking ids decode to no words and are let be.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice

MAX_PIECES = 200
"""How many wrapped pieces of one text are opened."""
MIN_LETTERS = 10
_LETTERS = re.compile(r"[A-Za-z]")
_WORDS = re.compile(r"[A-Za-z]{2}[\s,.]{1,4}[A-Za-z]")
_WORDY = 0.85  # of the characters of English that are letters or spaces


@dataclass(frozen=True, slots=True)
class Piece:
    """What one wrapping held; ``start`` and ``end`` count characters of the text around it."""

    wrapping: str
    start: int
    end: int
    text: str


def _is_text(text: str) -> bool:
    """Tell whether somebody could have written this: words and spaces, not keys."""
    kept = sum(1 for c in text if c.isalpha() or c in " \n.,'")
    return len(_LETTERS.findall(text)) >= MIN_LETTERS and kept >= _WORDY * len(text) and _WORDS.search(text) is not None


def _base64(wrapped: str) -> str:
    packed = re.sub(r"\s+", "", wrapped).replace("-", "+").replace("_", "/").rstrip("=")
    packed = packed[: len(packed) - (len(packed) % 4 == 1)]
    return base64.b64decode(packed + "=" * (-len(packed) % 4)).decode("utf-8", "replace")


def _hex(wrapped: str) -> str:
    digits = re.sub(r"0x|\\x|\\u00|[%\s:,;]", "", wrapped, flags=re.IGNORECASE)
    return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "replace")


def _bits(wrapped: str) -> str:
    bits = re.sub(r"[^01]", "", wrapped)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)).decode("utf-8", "replace")


_MORSE = {
    sign: letter
    for letter, sign in re.findall(
        r"(\w)=([.-]+)",
        "a=.- b=-... c=-.-. d=-.. e=. f=..-. g=--. h=.... i=.. j=.--- k=-.- l=.-.. m=-- n=-. o=--- p=.--. q=--.- r=.-. "
        "s=... t=- u=..- v=...- w=.-- x=-..- y=-.-- z=--.. 0=----- 1=.---- 2=..--- 3=...-- 4=....- 5=..... 6=-.... "
        "7=--... 8=---.. 9=----.",
    )
}


def _morse(wrapped: str) -> str:
    return " ".join("".join(_MORSE.get(sign, "") for sign in word.split()) for word in re.split(r"\s*[/|]\s*", wrapped))


def _spaced(wrapped: str) -> str:
    """Join letters written apart; two or more spaces stand between words."""
    return " ".join(re.sub(r"[\s._*-]", "", word) for word in re.split(r"\s{2,}|\s?[/|]\s?", wrapped))


_PACKED: dict[str, tuple[re.Pattern[str], Callable[[str], str]]] = {
    "base64": (re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}(?:\r?\n[A-Za-z0-9+/_-]{8,})*={0,2}"), _base64),
    "hex": (re.compile(r"(?:(?:0x|\\x|\\u00|%)?[0-9A-Fa-f]{2}[ :,;]?){12,}"), _hex),
    "bits": (re.compile(r"(?:[01]{8}[ ,]?){6,}"), _bits),
    "morse": (
        re.compile(r"(?:[.\-]{1,5}(?: ?[/|] ?| ))(?:[.\-]{1,5}(?: {1,3}[/|] {1,3}| {1,3})){9,}[.\-]{0,5}"),
        _morse,
    ),
    "spaced": (
        re.compile(r"(?<![A-Za-z])(?:[A-Za-z](?:\s{2,3}|[ ._*-]|\s?[/|]\s?)){9,}[A-Za-z]?(?![A-Za-z])"),
        _spaced,
    ),
}
_LEET = str.maketrans("0134578@$!|", "oieastbasil")
_LEET_WORD = re.compile(
    r"(?<![\w.@/=-])[A-Za-z]{0,6}[013457@$][A-Za-z]{1,8}[013457@$]{0,2}[A-Za-z0-9]{0,8}(?![\w@/=-])"
)
_LEET_WORDS = 4
_WHOLE: dict[str, Callable[[str], str]] = {
    "leet": lambda text: text.translate(_LEET),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "backwards": lambda text: text[::-1],
}
HINTS = {
    "base64": r"[A-Za-z0-9+/_-]{24}",
    "hex": r"(?:(?:0x|\\x|\\u00|%)?[0-9A-Fa-f]{2}[ :,;]?){12}",
    "bits": r"(?:[01]{8}[ ,]?){6}",
    "morse": r"(?:[.\-]{1,5} {1,3}(?:[/|] )?){8}",
    "spaced": r"\b(?:[A-Za-z](?:\s{2,3}|[ ._*-]|\s?[/|]\s?)){9}",
    "leet": r"[A-Za-z]?[013457][A-Za-z]{1,3}[013457A-Za-z]{0,8}\s[A-Za-z]{0,5}[013457][A-Za-z]",
    "rot13": r"(?:\b(?:gur|naq|lbh|lbhe|guvf|gung|sbe|jvgu|cyrnfr|vtaber|nyy|jung|frperg|cnffjbeq)\b.{0,80}){3}",
    "backwards": r"(?:\b(?:eht|dna|uoy|ruoy|siht|taht|htiw|esaelp|erongi|lla|tahw|drowssap|dnes)\b.{0,80}){3}",
}
"""What each wrapping looks like from outside, for the scanner: without its hint nothing is opened."""


def unwrap(text: str, hints: Collection[str]) -> Iterator[Piece]:
    """Yield what the wrappings hinted at hold; linear in the text."""
    for wrapping in HINTS:
        if wrapping not in hints:
            continue
        if (whole := _WHOLE.get(wrapping)) is not None:
            if wrapping == "leet" and len(list(islice(_LEET_WORD.finditer(text), _LEET_WORDS))) < _LEET_WORDS:
                continue
            yield Piece(wrapping, 0, len(text), whole(text))
        else:
            yield from _packed(wrapping, text)


def _packed(wrapping: str, text: str) -> Iterator[Piece]:
    shape, opened = _PACKED[wrapping]
    for hit in islice(shape.finditer(text), MAX_PIECES):
        try:
            inside = opened(hit[0])
        except (ValueError, binascii.Error):
            continue
        if _is_text(inside):
            yield Piece(wrapping, hit.start(), hit.end(), inside)
