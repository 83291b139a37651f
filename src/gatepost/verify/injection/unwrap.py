"""Words in a wrapping a machine sees through: base64, hexadecimal, bits, Morse, ciphers, backwards, digits for letters.

Also what transfer forms leave of words where they do not belong: URLs, quoted-printable, character references.

Each wrapping is looked for once, in one pass, and what is inside is read as a text of its own. Ordinary references,
keys and tracking ids decode to no words and are let be.
"""

import base64
import binascii
import html
import quopri
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote_plus

from gatepost.verify.injection import ciphers
from gatepost.verify.injection.fold import FLAGS

MAX_PIECES = 200
"""How many wrapped pieces of one text are opened."""
MAX_LAYERS = 3
"""How often the same wrapping is opened again in what it held."""
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
    letters = sum(1 for _ in islice(_LETTERS.finditer(text), MIN_LETTERS))
    return letters >= MIN_LETTERS and kept >= _WORDY * len(text) and _WORDS.search(text) is not None


def _base64(wrapped: str) -> str:
    packed = re.sub(r"\s+", "", wrapped).replace("-", "+").replace("_", "/").rstrip("=")
    packed = packed[: len(packed) - (len(packed) % 4 == 1)]
    return _decoded(base64.b64decode(packed + "=" * (-len(packed) % 4)))


def _base32(wrapped: str) -> str:
    packed = re.sub(r"\s+", "", wrapped).rstrip("=")
    return _decoded(base64.b32decode(packed[: len(packed) // 8 * 8]))


def _decoded(octets: bytes) -> str:
    """Return what octets spell in UTF-8, or in UTF-16 as some shells want it."""
    is_wide = octets[1::2].count(0) * 4 > len(octets)
    return octets.decode("utf-16-le" if is_wide else "utf-8", "replace")


def _hex(wrapped: str) -> str:
    digits = re.sub(r"0x|\\x|\\u00|[%=\s:,;]", "", wrapped, flags=re.IGNORECASE)
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
    """Join letters written apart: words end at two spaces, or at one where other signs part the letters."""
    between = r"\s+|\s?[/|]\s?" if re.search(r"[^A-Za-z\s/|]", wrapped) else r"\s{2,}|\s?[/|]\s?"
    return " ".join(re.sub(r"[^A-Za-z]", "", word) for word in re.split(between, wrapped))


def _numbers(wrapped: str, base: int) -> str:
    return "".join(chr(int(number, base)) for number in re.findall(r"\d{2,3}", wrapped))


def _codes(wrapped: str) -> str:
    """Return characters by their decimal numbers, or by their octal ones where those spell nothing."""
    decimal = _numbers(wrapped, 10)
    return decimal if _is_text(decimal) else _numbers(wrapped, 8)  # an 8 or a 9 is no octal digit: ValueError


def _places(wrapped: str) -> str:
    """Return letters by their places in the alphabet; words end where another sign than between letters stands."""
    words = re.split(r"\s*[/|,;.]\s*|\s+" if "-" in wrapped else r"\s*[/|,;.]\s*|\s{2,}", wrapped)
    return " ".join("".join(chr(ord("a") + int(place) - 1) for place in re.findall(r"\d+", word)) for word in words)


def _turned(text: str) -> str:
    """Return each line with its words from the last to the first."""
    return "\n".join(" ".join(reversed(line.split())) for line in text.splitlines())


def _joined(wrapped: str) -> str:
    """Part words that were joined by signs, by capitals, or set in Markdown's emphasis."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[*~`]+", "", wrapped).replace("_", " "))


_APART = r"[^\w\s/|]\s?(?:[^\w\s/|])?|[ _]|\s?[/|]\s?"
"""What parts letters that are written apart, but for wide spaces."""
_PLACE = r"(?:2[0-6]|1\d|[1-9])"
# Every repeat of a group has an end: ``re`` keeps hundreds of octets for each turn, for megabytes half a gigabyte. What
# goes on behind is a piece of its own.
_PACKED: dict[str, tuple[re.Pattern[str], Callable[[str], str]]] = {
    "base64": (
        re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}(?:\r?\n[A-Za-z0-9+/_-]{8,}){0,20000}={0,2}"),
        _base64,
    ),
    "base32": (re.compile(r"(?<![A-Z2-7])[A-Z2-7]{32,}(?:\r?\n[A-Z2-7]{8,}){0,20000}={0,6}"), _base32),
    "hex": (re.compile(r"(?:(?:0x|\\x|\\u00|[%=])?[0-9A-Fa-f]{2}[:,;]?\s?){12,20000}"), _hex),
    "numbers": (re.compile(r"(?:\b\d{2,3}[ ,;]{1,2}){12,20000}\d{0,3}"), _codes),
    "octal": (re.compile(r"(?:\\[0-7]{3}){8,20000}"), lambda wrapped: _numbers(wrapped, 8)),
    "references": (re.compile(r"(?:&#x?[0-9A-Fa-f]{2,5};\s?){8,20000}"), html.unescape),
    "url": (re.compile(r"(?:[^\s%]{0,40}%[0-9A-Fa-f]{2}){3,20000}[^\s%]{0,40}"), unquote_plus),
    "joined": (
        re.compile(
            r"(?:[A-Za-z]{1,20}_){3,20000}[A-Za-z]{1,20}|(?:[A-Z][a-z]{1,15}){5,20000}|(?:\*\*[^\s*]{1,20}\*\*\s{1,2}){3,20000}"
        ),
        _joined,
    ),
    "bits": (re.compile(r"(?:[01]{8}[ ,]?){6,20000}"), _bits),
    "morse": (
        re.compile(r"(?:[.\-]{1,5}(?: ?[/|] ?| ))(?:[.\-]{1,5}(?: {1,3}[/|] {1,3}| {1,3})){9,20000}[.\-]{0,5}"),
        _morse,
    ),
    "spaced": (
        re.compile(rf"(?<![A-Za-z])(?:[A-Za-z](?:\s{{2,3}}|{_APART})){{9,20000}}[A-Za-z]?(?![A-Za-z])"),
        _spaced,
    ),
    "places": (re.compile(rf"(?<![\d.,-]){_PLACE}(?:[- /|,;.]{{1,3}}{_PLACE}){{14,20000}}(?!\d)"), _places),
}
DECODED = frozenset({"base64", "base32", "hex", "numbers", "octal", "references", "bits", "morse", "places"})
"""Wrappings that must be decoded to be read; what they hold was found to be words."""
_LEET = str.maketrans("0134578@$!|", "oieastbasil")
_LEET_WORD = re.compile(
    r"(?<![\w.@/=-])[A-Za-z]{0,6}[013457@$][A-Za-z]{1,8}[013457@$]{0,2}[A-Za-z0-9]{0,8}(?![\w@/=-])"
)
_LEET_WORDS = 4
_WHOLE: dict[str, Callable[[str], str]] = {
    "leet": lambda text: text.translate(_LEET),
    "backwards": lambda text: text[::-1],
    "words-turned": _turned,
    "quoted-printable": lambda text: quopri.decodestring(text.encode()).decode("utf-8", "replace"),
}
_BACKWARDS = (
    "ruoy|siht|taht|htiw|esaelp|erongi|tahw|terces|s?drowssap|suoiverp|s?noitcurtsni|drawrof|dragersid|s?liame|eteled|"
    "tpmorp|tnatsissa"
)
"""One is enough: nobody writes these otherwise."""
_TURNED = (
    r"(?:instructions?|rules|prompt|e?mails?|messages?|passwords?|mailbox|inbox|user|owner|codes?) "
    r"(?:previous|prior|all|every|the|this|your|my|system|latest) "
    r"(?:all|to|of|in|from|with|forward|send|ignore|disregard|forget|about|telling|for|on)"
)
"""What stands in English only where its words run from the last to the first."""
HINTS = {
    "base64": r"[A-Za-z0-9+/_-]{24}",
    "hex": r"(?:(?:0x|\\x|\\u00|[%=])?[0-9A-Fa-f]{2}[:,;]?\s?){12}",
    "bits": r"(?:[01]{8}[ ,]?){6}",
    "morse": r"(?:[.\-]{1,5} {1,3}(?:[/|] )?){8}",
    "spaced": rf"\b(?:[A-Za-z](?:\s{{2,3}}|{_APART})){{9}}",
    "places": rf"\b{_PLACE}(?:[- /|,;.]{{1,3}}{_PLACE}){{14}}",
    "leet": r"[A-Za-z]?[013457][A-Za-z]{1,3}[013457A-Za-z]{0,8}\s[A-Za-z]{0,5}[013457][A-Za-z]",
    "cipher": ciphers.HINT,
    "words-turned": rf"\b{_TURNED}\b",
    "backwards": rf"\b(?:{_BACKWARDS})\b",
    "base32": r"[A-Z2-7]{32}",
    "numbers": r"(?:\b\d{2,3}[ ,;]{1,2}){12}",
    "octal": r"(?:\\[0-7]{3}){8}",
    "references": r"(?:&#x?[0-9A-Fa-f]{2,5};\s?){8}",
    "url": r"%[0-9A-Fa-f]{2}[A-Za-z]{1,20}%[0-9A-Fa-f]{2}",
    "joined": r"[A-Za-z]{2}_[A-Za-z]{1,20}_[A-Za-z]{1,20}_|(?:[A-Z][a-z]{1,15}){5}|(?:\*\*\s\*\*[^\s*]{1,20}){2}",
    "quoted-printable": r"=[0-9A-F]{2}[A-Za-z]{1,20}=[0-9A-F]{2}|[a-z]=\r?\n[^\n]{1,76}=\r?\n",
}
"""What each wrapping looks like from outside, for the scanner: without its hint nothing is opened."""
RUN = r"[0-9A-Fa-fxu\\%=:,;\s\-/|.]{24}"
IN_RUNS = frozenset({"hex", "numbers", "places"})
"""Wrappings whose hints hold such a ``RUN``; it is looked for twenty times as fast as they are."""


def unwrap(text: str, hints: Collection[str]) -> Iterator[Piece]:
    """Yield what the wrappings hinted at hold; linear in the text."""
    text = text.translate(FLAGS)
    for wrapping in HINTS:
        if wrapping not in hints:
            continue
        if wrapping == "cipher":
            yield from (Piece(name, 0, len(text), plain) for name, plain in ciphers.read(text))
        elif (whole := _WHOLE.get(wrapping)) is not None:
            if wrapping == "leet" and len(list(islice(_LEET_WORD.finditer(text), _LEET_WORDS))) < _LEET_WORDS:
                continue
            yield Piece(wrapping, 0, len(text), whole(text))
            if wrapping == "backwards":
                each = " ".join(word[::-1] for word in text.split())
                yield Piece("words-backwards", 0, len(text), each)
        else:
            yield from _packed(wrapping, text)


def _packed(wrapping: str, text: str) -> Iterator[Piece]:
    shape, opened = _PACKED[wrapping]
    for hit in islice(shape.finditer(text), MAX_PIECES):
        try:
            inside = opened(hit[0])
            for _ in range(MAX_LAYERS):
                if (wrapped := shape.fullmatch(inside.strip())) is None or _is_text(inside):
                    break
                inside = opened(wrapped[0])
        except (ValueError, binascii.Error):
            continue
        if _is_text(inside):
            yield Piece(wrapping, hit.start(), hit.end(), inside)
