"""Which words a message is found by, spelled so that two people who mean the same word write the same one.

Words are runs of letters, digits and their marks (Unicode), without regard to case, width or accents: NFKC and case
folding, then the combining marks of Latin, Greek and Cyrillic are dropped. Scripts that put no space between words are
cut into single characters and pairs of neighbours. There is no stemming: it would need to know the language.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from gatepost.mailbox.paper import Texts

WORD_MAX_CHARS = 64
TEXT_MAX_CHARS = 200_000
TERMS_MAX = 4_000
"""How many words of one text count: the first ones. A stranger may have written a million different ones."""
PREFIX_MIN_CHARS, PREFIX_MAX_CHARS = 3, 6
ATTACHMENT = "has:attachment"

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Korean puts spaces, but hangs its particles on words
)
_PLANE = 0x10000  # what lies beyond are rare scripts, whose marks part words
_ACCENT = re.compile("[\u0300-\u036f]")
_ASCII_WORDS = bytes(ord(char.lower()) if char.isascii() and char.isalnum() else 32 for char in map(chr, range(256)))
"""Letters in lower case and digits stay; whatever else ASCII has parts words."""
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]@]{1,64}@[^\s<>,;:\"()\[\]@]{1,255}")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what a run is, and what a run without spaces is; made once, for it asks about every character."""
    marks = "".join(char for char in map(chr, range(_PLANE)) if unicodedata.category(char).startswith("M"))
    marks = re.sub(f"[{_UNSPACED}]", "", marks)
    letter = f"[^\\W_{_UNSPACED}]"
    return re.compile(f"[{_UNSPACED}]+|{letter}+(?:[{re.escape(marks)}]+{letter}*)*"), re.compile(f"[{_UNSPACED}]")


def folded(word: str) -> str:
    """Return a word as it is compared. A stranger's may have 200,000 letters: only short ones are remembered."""
    return _folded_often(word) if len(word) <= WORD_MAX_CHARS else _folded(word)


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()[:WORD_MAX_CHARS]
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return unicodedata.normalize("NFC", _ACCENT.sub("", apart))[:WORD_MAX_CHARS]


_folded_often = lru_cache(maxsize=50_000)(_folded)


def runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each run of letters as it is compared, and where it stands in the text; linear."""
    for found in _patterns()[0].finditer(text, 0, TEXT_MAX_CHARS):
        if run := folded(found[0]):
            yield run, found.start(), found.end()


def distinct(text: str) -> Iterable[str]:
    """Return the runs of a text as ``runs`` does, each once, in the order they are first met; a tenth of the cost."""
    if text.isascii():
        return dict.fromkeys(word[:WORD_MAX_CHARS] for word in dict.fromkeys(_ascii_runs(text)))
    found = dict.fromkeys(_patterns()[0].findall(text, 0, TEXT_MAX_CHARS))
    return dict.fromkeys(run for spelled in found if (run := folded(spelled)))


def _ascii_runs(text: str) -> list[str]:
    """Return the runs of an ASCII text, of any length: the same runs, found by a table."""
    return text[:TEXT_MAX_CHARS].encode().translate(_ASCII_WORDS).decode().split()


def is_unspaced(run: str) -> bool:
    """Tell whether a run may be several words without a space between them."""
    return not run.isascii() and bool(_patterns()[1].match(run))


def pairs(run: str) -> list[str]:
    """Return what stands for a run without spaces: its pairs of neighbours; itself where it is one character."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def line(text: str) -> str:
    """Return the text as one line of its runs, a space around each: a phrase is looked for in it."""
    if text.isascii():
        return f" {' '.join([word[:WORD_MAX_CHARS] for word in _ascii_runs(text)])} "
    return f" {' '.join(run for run, _, _ in runs(text))} "


def terms_of(texts: Texts) -> set[str]:
    """Return everything a message is found by, each with its field in front: ``any:word``, ``from:word``."""
    terms: set[str] = set()
    shown, author = texts.from_
    _add_people(terms, "from", (author,), shown)
    shown, recipient = texts.to
    _add_people(terms, "to", (recipient, *_ADDRESS.findall(shown)), shown)
    for subject in texts.subject:
        _add_words(terms, "subject", subject, has_prefixes=True)
    for name in texts.filename:
        _add_words(terms, "filename", name)
    _add_words(terms, None, texts.human)
    if texts.filename:
        terms.add(ATTACHMENT)
    return terms


def _add_people(terms: set[str], field: str, addresses: Iterable[str], shown: str) -> None:
    """Add people by what their addresses are found by, and by the words of how they are shown."""
    for address in addresses:
        terms.update(_of_address(field, address))
    _add_words(terms, field, shown, has_prefixes=True)


@lru_cache(maxsize=512)
def _of_address(field: str, address: str) -> frozenset[str]:
    """Return what an address is found by: whole, local part, domain and the domains above it, and its words."""
    local, _, domain = address.rpartition("@")
    if not (local and domain):
        return frozenset()
    local, domain = folded(local), domain.lower()
    labels = domain.split(".")
    names = {f"{local}@{domain}", local, *(".".join(labels[at:]) for at in range(max(len(labels) - 1, 1)))}
    terms = {f"{place}:{name}" for place in (field, "any") for name in names}
    _add_words(terms, field, f"{local} {domain}", has_prefixes=True)
    return frozenset(terms)


def _add_words(terms: set[str], field: str | None, text: str, *, has_prefixes: bool = False) -> None:
    words = _words(text)
    places = ("any",) if field is None else ("any", field)
    terms.update(f"{place}:{word}" for place in places for word in words)
    if has_prefixes:
        cuts = {word[:size] for word in words for size in range(PREFIX_MIN_CHARS, PREFIX_MAX_CHARS + 1)}
        terms.update(f"begins:{cut}" for cut in cuts if len(cut) >= PREFIX_MIN_CHARS)


def _words(text: str) -> set[str]:
    """Return the words of a text that count."""
    words: set[str] = set()
    if text.isascii() and len(found := set(_ascii_runs(text))) <= TERMS_MAX:  # which come first does not matter then
        return found if max(map(len, found), default=0) <= WORD_MAX_CHARS else {run[:WORD_MAX_CHARS] for run in found}
    for run in distinct(text):
        if is_unspaced(run):
            words.update(run, pairs(run))
        else:
            words.add(run)
        if len(words) >= TERMS_MAX:
            break
    return words
