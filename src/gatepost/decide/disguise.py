"""What folding does to the characters of a text, where each goes its own way. Pure."""

import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

_ASCII = bytes(range(0x80))
_SIGNS_MAX = 1_024
_OF_OTHER_LENGTH_MAX = 8
"""So many characters that become none or several are counted."""

Changes = Mapping[str, str]
"""Characters beyond ASCII, and what each becomes, wherever it stands: one character, none, or several."""


def changes_of(written: str, folded: str, fold: Callable[[str], str]) -> Changes | None:
    """Return what became of the characters of a text; None where it takes more than one to tell, as with accents.

    Each alone is folded: where none is a mark that joins others and the length comes out right, none was joined.
    """
    signs = set(written.encode("utf-8", "replace").translate(None, _ASCII).decode())
    if len(signs) > _SIGNS_MAX:
        return None
    changes = {sign: became for sign in signs if (became := _alone(sign, fold)) != sign}
    others = [(sign, became) for sign, became in changes.items() if len(became) != 1]
    if len(others) > _OF_OTHER_LENGTH_MAX or any(map(_joins, signs)) or any(map(_joins, "".join(changes.values()))):
        return None
    length = len(written) + sum(written.count(sign) * (len(became) - 1) for sign, became in others)
    return changes if length == len(folded) else None


@lru_cache(maxsize=8_192)
def _alone(sign: str, fold: Callable[[str], str]) -> str:
    return fold(sign)


def _joins(sign: str) -> bool:
    return unicodedata.combining(sign) != 0
