"""Texts that write another letter for each letter: shifted alphabets, and the alphabet from its end.

A telling word in such letters gives the cipher away. One is enough, for nobody writes these words otherwise.
"""

import re
from collections import Counter
from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase

MAX_CIPHERS = 3
"""Each is a text more to look through; a stranger could hint at all of them."""
_TELLING = re.findall(
    r"\w+",
    "please ignore disregard forward delete previous instruction instructions prompt assistant secret secrets password "
    "passwords account emails mailbox message messages",
)
_TELLING_ROT13 = ("your", "this", "that", "with", "what", "email", "send")
"""Of this one, the only cipher in common use, short words tell too."""
_WORD = re.compile(r"[A-Za-z]{4,12}")


def _table(letters: str) -> dict[int, int]:
    """Return what turns written letters into read ones, where ``letters`` are written for those of the alphabet."""
    return str.maketrans(letters + letters.upper(), ascii_lowercase + ascii_uppercase)


_WRITTEN = {f"rot{by}": ascii_lowercase[by:] + ascii_lowercase[:by] for by in range(1, 26)}
_WRITTEN["atbash"] = ascii_lowercase[::-1]
_READ = {name: _table(letters) for name, letters in _WRITTEN.items()}


def _spelt(word: str, letters: str) -> str:
    return word.translate(str.maketrans(ascii_lowercase, letters))


_TELLS = {_spelt(word, letters): name for name, letters in _WRITTEN.items() for word in _TELLING}
_TELLS |= {_spelt(word, _WRITTEN["rot13"]): "rot13" for word in _TELLING_ROT13}
HINT = rf"\b(?:{'|'.join(sorted(_TELLS))})\b"


def read(text: str) -> Iterator[tuple[str, str]]:
    """Yield the ``MAX_CIPHERS`` that most telling words speak of, each with what the text reads by it."""
    told = Counter(_TELLS[word] for found in _WORD.finditer(text) if (word := found[0].lower()) in _TELLS)
    for name, _ in told.most_common(MAX_CIPHERS):
        yield name, text.translate(_READ[name])
