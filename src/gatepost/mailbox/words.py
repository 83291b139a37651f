"""Which words a message is found by, spelled so that two people who mean the same word write the same one.

Words are runs of letters, digits and their marks (Unicode), without regard to case, width or accents: NFKC and case
folding, then the combining marks of Latin, Greek and Cyrillic are dropped, and the points of Arabic and Hebrew. Scripts
that put no space between words are cut into single characters and pairs of neighbours. There is no stemming: it would
need to know the language.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from gatepost.mail.address import AddressError, normalise_domain
from gatepost.mailbox.paper import Texts

WORD_MAX_CHARS = 64
TEXT_MAX_CHARS = 200_000
TERMS_MAX = 4_000
"""How many words of one text count: the first ones. A stranger may have written a million different ones."""
MARKS_MAX = 30
PREFIX_MIN_CHARS, PREFIX_MAX_CHARS = 3, 6
ATTACHMENT = "has:attachment"

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Korean puts spaces, but hangs its particles on words
)
_PLANE = 0x10000  # what lies beyond are rare scripts, whose marks part words
_ACCENT = re.compile(
    "[\u0300-\u036f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"  # Arabic
)
_DOTLESS = str.maketrans("\u0131", "i")  # in capitals nobody can tell them apart
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


@cache
def _crowd() -> re.Pattern[str]:
    """Return what a crowd of marks on one letter is, after those that count (UAX #15 section 13).

    Normalising puts them in order, which takes as long as the square of their number: minutes for a stranger's mail.
    """
    marks = "".join(char for char in map(chr, range(_PLANE)) if unicodedata.combining(char))
    return re.compile(f"([{re.escape(marks)}]{{{MARKS_MAX}}})[{re.escape(marks)}]+")


def folded(word: str) -> str:
    """Return a word as it is compared; of a run without spaces all of it, for a sentence in Thai is one.

    A stranger's may have 200,000 letters: only short ones are remembered.
    """
    return _folded_often(word) if len(word) <= WORD_MAX_CHARS else _folded(_crowd().sub(r"\1", word))


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()[:WORD_MAX_CHARS]
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    run = unicodedata.normalize("NFC", _ACCENT.sub("", apart).translate(_DOTLESS))
    return run if is_unspaced(run) else run[:WORD_MAX_CHARS]


_folded_often = lru_cache(maxsize=50_000)(_folded)


def domain_name(spelled: str) -> str:
    """Return a domain as it is compared: as DNS has it, and as it is spelled where DNS has no such name."""
    try:
        return normalise_domain(spelled)
    except AddressError:
        return spelled.lower()


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
    shown_author, author = texts.from_
    shown_recipient, recipient = texts.to
    terms = set(_of_address("from", author))
    for address in (recipient, *_ADDRESS.findall(shown_recipient)):
        terms |= _of_address("to", address)
    words = _words(texts.human)  # all of them count as any word: put together first, each is spelled so once
    people, recipients, subject = _words(shown_author), _words(shown_recipient), set[str]()
    for each in texts.subject:
        subject |= _words(each)
    for name in texts.filename:
        words |= (named := _words(name))
        terms.update(map("filename:".__add__, named))
    words.update(people, recipients, subject)
    terms.update(map("any:".__add__, words))
    terms.update(map("from:".__add__, people))
    terms.update(map("to:".__add__, recipients))
    terms.update(map("subject:".__add__, subject))
    terms.update(_beginnings({*people, *recipients, *subject}))
    if texts.filename:
        terms.add(ATTACHMENT)
    return terms


@lru_cache(maxsize=512)
def _of_address(field: str, address: str) -> frozenset[str]:
    """Return what an address is found by: whole, local part, domain and the domains above it, and its words."""
    local, _, domain = address.rpartition("@")
    if not (local and domain):
        return frozenset()
    local, domain = folded(local), domain_name(domain)
    labels = domain.split(".")
    words = _words(f"{local} {domain}")
    names = {f"{local}@{domain}", local, *(".".join(labels[at:]) for at in range(max(len(labels) - 1, 1))), *words}
    return frozenset([*map(f"{field}:".__add__, names), *map("any:".__add__, names), *_beginnings(words)])


def _beginnings(words: Iterable[str]) -> list[str]:
    """Return the beginnings that words are found by as well."""
    return [
        f"begins:{word[:size]}"
        for word in words
        for size in range(PREFIX_MIN_CHARS, min(len(word), PREFIX_MAX_CHARS) + 1)
    ]


def _words(text: str) -> set[str]:
    """Return the words of a text that count."""
    words: set[str] = set()
    if text.isascii() and len(found := set(_ascii_runs(text))) <= TERMS_MAX:  # which come first does not matter then
        return found if max(map(len, found), default=0) <= WORD_MAX_CHARS else {run[:WORD_MAX_CHARS] for run in found}
    for piece in _pieces(distinct(text)):
        if is_unspaced(piece):
            words.update(piece, pairs(piece))
        else:
            words.add(piece)
        if len(words) >= TERMS_MAX:
            break
    return words


def _pieces(runs: Iterable[str]) -> Iterator[str]:
    """Yield runs in pieces of a word's length and one: the first of the next piece is the last one's neighbour."""
    for run in runs:
        for at in range(0, max(len(run) - 1, 1), WORD_MAX_CHARS):
            yield run[at : at + WORD_MAX_CHARS + 1]
