"""What content guards read: every spelling of a message's texts that a person or a model could come to see."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from itertools import chain

import re2

from gatepost.decide.markup import text_of
from gatepost.mail.encoded_word import decode_text
from gatepost.mail.glance import Glance
from gatepost.verify.paper import Content, Extraction
from gatepost.verify.reading import web_address

TEXT_MAX_OCTETS = 1_900_000
"""All spellings together, in UTF-8: just under what ``verify`` keeps, so that a text it had to cut is too long here."""
HTML_MAX_CHARS = 1_900_000
_FOLD_CHUNK_CHARS = 160
_MANY_MARKS = re2.compile(rb"[\pM\x{FF9E}\x{FF9F}]{25}")
"""Of the marks that are sorted, more in a row than a language has; two of half a width only become marks (U+FF9E)."""
_MARKED_CHUNK_CHARS = 16
_GROWTH_CHARS = 4_096
"""Folded, a text may grow by half, and by so much more: one ligature in Arabic (U+FDFA) becomes eighteen letters."""
_GROWTH_MAX = 18
_COMBINING_RUN_MAX = 32  # UAX #15 section 13 allows 30 in stream-safe text
# Default-ignorable code points (UAX #44) that split a word without being seen: soft hyphen, joiners, direction marks,
# fillers, variation selectors, tags. Those of category Cf, and the ones that are not. And control characters, but for
# those that are blanks or end a line.
_UNSEEN = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x20), 0x7F])
"""Of ASCII, those that nobody sees."""
_A_CONTROL = Glance(b"[%b]" % b"".join(b"\\x%02x" % octet for octet in _CONTROLS))
_UNSEEN_RUN = re.compile(f"{_UNSEEN}+")
_AN_UNSEEN = re2.compile(_UNSEEN.encode())  # tells ten times as soon that there is none
_UNSEEN_KINDS = 8
"""So many kinds of them are taken out one by one, which is quick."""
_BLANKS = bytes.maketrans(b"\t\n\v\f\r", b" " * 5)
"""Every blank of ASCII as one sign."""
_TWO_BLANKS = Glance(b"  ")
_HALVINGS = 4
"""So often rows of blanks are looked for, and halved in between: none of up to eight is left."""
_MOSTLY_WORDS = 0.9
"""A text that loses more at once has so many blanks that to replace them one by one is not quick."""
_NO_OCTET = b"\xff"
"""In no text in UTF-8."""
_OCTET_BITS = 8
_IS_BLANK = bytes(0xFF * (octet in b" \t\n\v\f\r") for octet in range(256))
_IS_MARK = bytes(0xFF * (octet in b" \t>") for octet in range(256))
_IS_LINE_END = bytes(octet == ord("\n") for octet in range(256))
_UNREAD = frozenset(Extraction) - {Extraction.NOT_TRIED, Extraction.DONE}
"""Files that should have text, of which some or all was not read."""


class Place(StrEnum):
    """Where a guard may look."""

    BODY = "body"
    SUBJECT = "subject"
    HEADERS = "headers"
    TEXT = "text"
    HTML = "html"
    LINKS = "links"
    ATTACHMENTS = "attachments"


class TooLongError(ValueError):
    """There is more text than guards can read within their time bound.

    A message must not slip past a guard by being long, so the decision refuses it instead of reading a part.
    """


def spellings(
    content: Content,
    place: Place = Place.BODY,
    *,
    most_octets: int = TEXT_MAX_OCTETS,
    known: dict[str, tuple[bytes, ...]] | None = None,
) -> tuple[bytes, ...]:
    """Return the texts of a place as guards read them, UTF-8, without repeats.

    Of the body: the plain text, all text of the HTML (what it shows and what it hides), and the hidden text apart. Of
    links: what an agent is given, and the real target of each where it is another address than is written, as of the
    text of attachments. Each as written and, where that differs, folded: NFKC,
    with the characters nobody sees removed. So neither markup, nor a zero-width character, nor full-width letters keep
    a word from its guard. The subject is no part of the body.

    Args:
        content: of the message.
        place: which texts.
        most_octets: how much is read.
        known: spellings of texts that stood in other places, and are looked up here.

    Raises:
        TooLongError: more than ``most_octets`` in all, or more than was kept.
    """
    if _is_cut(content, place):
        raise TooLongError
    known = {} if known is None else known
    found: dict[bytes, None] = {}
    octets = 0
    for text in dict.fromkeys(_TEXTS[place](content)):
        if len(text) > most_octets:
            raise TooLongError
        if text not in known:
            known[text] = _encoded(text)
        for encoded in known[text]:
            if encoded and encoded not in found:
                octets += len(encoded)
                found[encoded] = None
        if octets > most_octets:
            raise TooLongError
    return tuple(found)


def _encoded(text: str) -> tuple[bytes, ...]:
    """Return a text as written and, where that differs, folded."""
    octets = text.encode("utf-8", "replace")
    folded = _folded(text, octets, growth_most_chars=len(text) // 2 + _GROWTH_CHARS)
    return (octets,) if folded == octets else (octets, folded)


def in_one_line(octets: bytes) -> bytes:
    """Return a text as its words with one blank between any two, and without the marks of quotation; in linear time.

    Where a line ends is the choice of a mail program: nobody who writes a guard with a blank in it means that.
    """
    if b">" in octets:
        return _in_one_line(octets)
    line = octets.replace(b"\n\n", b"\n").translate(_BLANKS)  # the usual rows of blanks, at a sixth of the cost
    for _ in range(_HALVINGS):
        if not _TWO_BLANKS.see(line):
            return line.strip(b" ")
        halved = line.replace(b"  ", b" ")
        if len(halved) < len(line) * _MOSTLY_WORDS:
            break
        line = halved
    return _in_one_line(octets)


def _in_one_line(octets: bytes) -> bytes:
    """Return the same of any text.

    All octets are looked at by a few operations on one whole number, so that no text takes longer than another.
    """
    octets = b"\n" + octets
    blank = _flags(octets, _IS_BLANK) | _quotation(octets)
    surplus = blank & blank << _OCTET_BITS
    text = int.from_bytes(octets.translate(_BLANKS), "little") | surplus
    return text.to_bytes(len(octets), "little").translate(None, _NO_OCTET).strip(b" ")


def _quotation(octets: bytes) -> int:
    """Return all ones for each octet of a text that is, with blanks alone between, a mark of quotation.

    Adding one where such a row begins carries to its end.
    """
    marks = _flags(octets, _IS_MARK)
    begins = _flags(octets, _IS_LINE_END) << _OCTET_BITS & marks
    return (begins + marks ^ marks) & marks


def _flags(octets: bytes, table: bytes) -> int:
    return int.from_bytes(octets.translate(table), "little")


def _is_cut(content: Content, place: Place) -> bool:
    match place:
        case Place.SUBJECT | Place.HEADERS:
            return False
        case Place.TEXT:
            return content.reading.is_cut
        case Place.BODY | Place.HTML | Place.LINKS:
            return content.reading.is_cut or len(content.html) > HTML_MAX_CHARS
        case Place.ATTACHMENTS:
            return any(each.extraction in _UNREAD for each in content.reading.attachments)


def _of_files(content: Content) -> Iterable[str]:
    return chain.from_iterable((each.filename, each.text, _targets(each.text)) for each in content.reading.attachments)


def _of_model(content: Content) -> Iterable[str]:
    model = content.reading.model
    texts = (model.text, model.quoted, model.signature)
    return *texts, *map(_targets, texts)


def _targets(text: str) -> str:
    return "\n".join(web_address.targets(text))


_TEXTS: Mapping[Place, Callable[[Content], Iterable[str]]] = {
    Place.BODY: lambda content: (
        content.reading.human,
        content.plain,
        content.hidden_text,
        text_of(content.html),
    ),
    Place.SUBJECT: lambda content: (content.subject,),
    Place.HEADERS: lambda content: (content.headers, decode_text(content.headers)),
    Place.TEXT: lambda content: (content.plain,),
    Place.HTML: lambda content: (text_of(content.html),),
    Place.LINKS: _of_model,
    Place.ATTACHMENTS: _of_files,
}


def fold(text: str) -> str:
    """Return ``text`` in NFKC without unseen characters; in linear time."""
    return _folded(text, text.encode("utf-8", "replace"), growth_most_chars=len(text) * _GROWTH_MAX).decode()


def _folded(text: str, octets: bytes, *, growth_most_chars: int) -> bytes:
    """Return a text, whose UTF-8 is ``octets``, in NFKC without unseen characters.

    Unicode's canonical ordering sorts each run of combining marks, in time quadratic in the run. So where a run is
    longer than any language has, the text is normalised in small chunks, which end before a character that starts anew.

    Raises:
        TooLongError: it grows by more than ``growth_most_chars``.
    """
    seen = _seen(octets)
    if seen.isascii():
        return seen
    if seen is not octets:
        text = seen.decode()
    chunks: list[str] = []
    chars_max, start, left, is_as_written = _FOLD_CHUNK_CHARS, 0, growth_most_chars, True
    while start < len(text):
        end = start + chars_max
        stop = min(end + _COMBINING_RUN_MAX, len(text))
        while end < stop and unicodedata.combining(text[end]):
            end += 1
        chunk = text[start:end]
        folded = unicodedata.normalize("NFKC", chunk)
        left -= len(folded) - len(chunk)
        if left < 0:
            raise TooLongError
        if is_as_written and folded is not chunk:
            is_as_written = False
            chars_max = _MARKED_CHUNK_CHARS if _MANY_MARKS.search(seen) else _FOLD_CHUNK_CHARS
        chunks.append(folded)
        start = end
    return seen if is_as_written else "".join(chunks).encode("utf-8", "replace")


def _seen(octets: bytes) -> bytes:
    """Return a text in UTF-8 without the characters that nobody sees: the same object where there are none."""
    if octets.isascii():
        return octets.translate(None, _CONTROLS) if _A_CONTROL.see(octets) else octets
    for _ in range(_UNSEEN_KINDS):
        found = _AN_UNSEEN.search(octets)
        if found is None:
            return octets
        octets = octets.replace(found[0], b"")
    return _UNSEEN_RUN.sub("", octets.decode()).encode()
