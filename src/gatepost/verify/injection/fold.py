"""Other alphabets' twins of the letters phrases are written in: one character in, one character out."""

import re
import unicodedata

OTHER = 0x7F
"""What every character becomes that has no twin."""

_LOOKALIKES = dict(
    zip(
        "абвгдезикмнорстухіјѕһԁԛԝӏАВЕКМНОРСТУХІЈЅԌԚԜαβεικνορτυχωγηΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսհոցɑɡıɩʀɴƖ",
        "a6brge3nkmhopctyxijshdqwlABEKMHOPCTYXIJSGQWabeikvoptuxwynABEZHIKMNOPTYXouhnggaiirNI",
        strict=False,
    )
)
_MARKS = dict(zip("‘’‚‛′“”„‟″«»‐‑‒–—―−…¿¡", '\'\'\'\'\'"""""""-------.??', strict=False))
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+")


def _twin(point: int) -> int | None:
    """Return the ASCII letter, digit or space a character is a form of, by its compatibility decomposition."""
    plain = unicodedata.normalize("NFKD", chr(point))[:1]
    return ord(plain) if plain.isascii() and plain.isprintable() else None


class _Twins(dict[int, int]):
    """A translation table in which what has no twin becomes ``OTHER``."""

    def __missing__(self, point: int) -> int:
        return point if point < OTHER else OTHER


_RANGES = ((0xA0, 0x250), (0x1E00, 0x1F00), (0x2000, 0x2070), (0x2070, 0x2190), (0x2460, 0x2500), (0x3000, 0x3001),
           (0xFF00, 0xFF60), (0x1D400, 0x1D800), (0x1F130, 0x1F18A))  # fmt: skip
_TWINS = _Twins(
    {
        **{p: t for low, high in _RANGES for p in range(low, high) if (t := _twin(p)) is not None},
        **{ord(odd): ord(plain) for odd, plain in (_LOOKALIKES | _MARKS).items()},
    }
)


def fold(text: str) -> bytes:
    """Return ``text`` with one octet for each character, its letters without marks and in the Latin alphabet."""
    if text.isascii():
        return text.encode("ascii")
    return text.translate(_TWINS).encode("ascii")


def seen(text: str) -> tuple[str, list[int] | None]:
    """Return ``text`` without characters that show nothing, and where each that stays had stood; None: all stay."""
    if text.isascii() or _UNSEEN.search(text) is None:
        return text, None
    stays = [place for place, character in enumerate(text) if _UNSEEN.match(character) is None]
    return "".join(text[place] for place in stays), stays
