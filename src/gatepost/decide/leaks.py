"""What must not leave the house by mistake: secrets, numbers of cards and accounts, canaries, other people's addresses.

Pure, and linear in the text. These gates find what is written plainly, or disguised in the ways ``body`` undoes. Who
means to smuggle can always encode; then recipients, rates and approval are what is left (docs/outbound.md).
"""

import base64
import html
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from gatepost.decide.account_numbers import has_card_number, has_iban
from gatepost.decide.body import TEXT_MAX_OCTETS, TooLongError, fold, spellings
from gatepost.decide.credentials import has_credential
from gatepost.mail.encoded_word import decode_text
from gatepost.verify.paper import Content, Extraction

__all__ = ["decoded", "has_card_number", "has_credential", "has_iban", "has_mark", "texts_of"]

_UNREAD = frozenset(Extraction) - {Extraction.DONE, Extraction.NOT_TRIED}
"""Files whose text should have been read, and was not, or not to its end."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,31});")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_NO_LETTER = re.compile(r"[\W_]+")
_BASE64_WINDOW = 3


def texts_of(content: Content) -> tuple[str, ...]:
    """Return all that a message says, in every spelling: subject, text, HTML, hidden words, files and their names.

    Raises:
        TooLongError: there is more than can be read in bounded time, or a file that should have been read was not.
    """
    if any(one.extraction in _UNREAD for one in content.reading.attachments):
        raise TooLongError
    found = dict.fromkeys(octets.decode() for octets in spellings(content))
    for text in _beside(content):
        found |= dict.fromkeys((text, fold(text)))
    for text in tuple(found):
        if (meant := decoded(text)) != text:
            found |= dict.fromkeys((meant, fold(meant)))
    if sum(map(len, found)) > TEXT_MAX_OCTETS:
        raise TooLongError
    return tuple(text for text in found if text)


def decoded(text: str) -> str:
    """Return a text without what programs write for a character: entities, escapes of a URL, encoded words."""
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    if "%" in text:
        text = _ESCAPES.sub(lambda escapes: unquote(escapes[0], errors="replace"), text)
    return decode_text(text) if "=?" in text else text


def _beside(content: Content) -> Iterator[str]:
    """Yield what is no part of the body."""
    yield content.subject
    for one in content.reading.attachments:
        yield one.filename
        yield one.text


def has_mark(texts: Iterable[str], marks: Iterable[str]) -> bool:
    """Tell whether one of the marks stands there: in any case, spread out, backwards, in base64 or hexadecimal."""
    plain = {form for mark in marks for form in _forms(mark)}
    encoded = {form for mark in marks for form in _encodings(mark)}
    return any(_holds(text, plain, encoded) for text in texts) if plain else False


def _holds(text: str, plain: Iterable[str], encoded: Iterable[str]) -> bool:
    squeezed = _NO_LETTER.sub("", fold(text)).casefold()
    packed = "".join(text.split())
    return any(form in squeezed for form in plain) or any(form in packed for form in encoded)


def _forms(mark: str) -> Iterator[str]:
    """Yield a mark as it reads without anything but letters and digits, forwards, backwards, and in hexadecimal."""
    squeezed = _NO_LETTER.sub("", fold(mark)).casefold()
    yield squeezed
    yield squeezed[::-1]
    yield mark.encode().hex()


def _encodings(mark: str) -> Iterator[str]:
    """Yield what of a mark stands in base64 wherever it begins; its edges depend on its neighbours and are left out."""
    for shift in range(_BASE64_WINDOW):
        octets = bytes(shift) + mark.encode()
        whole = octets[: len(octets) // _BASE64_WINDOW * _BASE64_WINDOW]
        yield base64.b64encode(whole).decode()[4 if shift else 0 :]
        yield base64.urlsafe_b64encode(whole).decode()[4 if shift else 0 :]
