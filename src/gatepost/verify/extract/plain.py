"""Text files, web pages, calendars and attached mails, as text."""

import binascii
import html
import quopri
import re
from collections.abc import Callable

from gatepost.mail import fields
from gatepost.verify.extract.kinds import Kind, decoded, kind_of
from gatepost.verify.paper import UNSEEN
from gatepost.verify.reading import html_page, web_address
from gatepost.verify.reading.marks import Marks
from gatepost.verify.reading.read import read

_LINE_END = re.compile(r"\r\n?")
_FOLD = re.compile(r"\n[ \t]")  # RFC 5545 section 3.1
_SPOKEN = re.compile(
    r"^(?:SUMMARY|DESCRIPTION|LOCATION|COMMENT|CONTACT|RESOURCES|CATEGORIES|X-ALT-DESC|X-WR-CALNAME|X-WR-CALDESC"
    r"|NAME|STYLED-DESCRIPTION|(?P<other>[A-Z0-9-]+))"
    r'(?:;(?:[^":\n]|"[^"\n]*")*)?:(?P<text>.*)$',
    re.MULTILINE | re.IGNORECASE,
)
_ENCLOSED = re.compile(  # RFC 5545 section 3.8.1.1
    r'^ATTACH;(?:[^":\n]|"[^"\n]*")*:(?P<base64>[A-Za-z0-9+/]{16,}={0,2})[ \t]*$', re.MULTILINE | re.IGNORECASE
)
_NAMED = re.compile(r';CN=(?:"(?P<text>[^"\n]*)"|(?P<bare>[^";:,\n]*))', re.IGNORECASE)  # RFC 5545 section 3.2.2
_WORDS = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,}[,;]?[ \t]+[^\W\d_]+[,;]?[ \t]+[^\W\d_]")
"""What a property of somebody's own, or a name, holds where it speaks: three words, and no code.

Tried where a word begins and nowhere else, or a word of 100,000 letters would take its length squared."""
MAX_DEPTH = 5
"""Mails in mails."""
MAX_INSIDE = 50
"""Files in a file, however deep."""
_START_CHARS = 200
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_RTF_CHARACTER = re.compile(r"\\'(?P<octet>[0-9a-fA-F]{2})|\\u(?P<point>-?[0-9]{1,5})[ ?]?", re.ASCII)
_RTF_BREAK = re.compile(r"\\(?:par|line|tab|row|cell)\b ?")
_RTF_CONTROL = re.compile(r"\\[a-zA-Z]{1,32}-?[0-9]{0,10} ?|\\[*~_|:{}\\-]|[{}]")
_ESCAPED = re.compile(r"\\([nN,;\\])")  # RFC 5545 section 3.3.11


def page(octets: bytes) -> str:
    """Return what a page shows and, below it, what it hides and where its links lead: a model reads them all."""
    marks = Marks()
    views = html_page.read(octets.decode("utf-8", "replace"), 0, marks)
    hidden = [span.text for span in marks.spans if span.technique in UNSEEN]
    return "\n".join([views.human, *hidden, *web_address.linked(views.model, views.quoted)])


def calendar(octets: bytes) -> str:
    """Return what a calendar says in words, in properties and names that no program shows too."""
    lines = _LINE_END.sub("\n", octets.decode("utf-8", "replace"))
    text = _FOLD.sub("", lines)
    said = [
        _ESCAPED.sub(_unescaped, found["text"].strip())
        for found in _SPOKEN.finditer(text)
        if not found["other"] or _WORDS.search(found["text"])
    ]
    said += filter(_WORDS.search, map(_enclosed, _ENCLOSED.findall(text)))
    called = (found["text"] or found["bare"] or "" for found in _NAMED.finditer(text))
    names = (name for name in called if _WORDS.search(name))
    return "\n".join(words for words in (*said, *names) if words)


def _enclosed(base64: str) -> str:
    """Return the text of a file inside a calendar; nothing of one that is no text."""
    whole = base64.rstrip("=")
    whole = whole[: len(whole) - (len(whole) % 4 == 1)]  # one letter alone is no octet
    text = binascii.a2b_base64(whole + "=" * (-len(whole) % 4)).decode("utf-8", "replace")
    return "" if "\0" in text or "\ufffd" in text else text


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] in "nN" else found[1]


def message(octets: bytes, inside: Callable[[Kind, bytes, int], str], depth: int = 0) -> str:
    """Return the subject and body of an attached mail, what it hides, and what its own attachments say.

    Args:
        octets: the mail.
        inside: reads a file of it, given how deep in mails it lies.
        depth: of this one.
    """
    bodies = read(octets, fields.split(octets))
    hidden = [
        span.text for span in bodies.reading.spans if span.technique in UNSEEN or span.place.startswith("header:")
    ]
    leaves = {leaf.number: leaf for leaf in bodies.leaves}
    files = [
        inside(kind, decoded(leaf.content, leaf.part.charset, kind), depth + 1)
        for one in bodies.reading.attachments
        if (kind := kind_of(one.file)) is not None and (leaf := leaves[one.part]).content
    ]
    return "\n".join([bodies.subject, bodies.reading.human, *hidden, *files])


def written(octets: bytes) -> str:
    """Return a text as people read it: references of XML, escapes of JSON, RTF and vCards are resolved."""
    text = octets.decode("utf-8", "replace")
    start = text[:_START_CHARS].lstrip("\ufeff \t\r\n")
    if start.startswith("{\\rtf"):
        return _rich(text)
    if start.startswith("<"):
        return html.unescape(text)
    if start.startswith(("{", "[")):
        plain = _JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if "QUOTED-PRINTABLE" in text and start.upper().startswith("BEGIN:V"):
        return quopri.decodestring(octets).decode("utf-8", "replace")
    return text


def _rich(text: str) -> str:
    """Return the words of RTF: octets and code points written out, control words and groups left out."""
    text = _RTF_CHARACTER.sub(_character, text)
    return _RTF_CONTROL.sub("", _RTF_BREAK.sub("\n", text))


def _character(found: re.Match[str]) -> str:
    if found["octet"]:
        return bytes([int(found["octet"], 16)]).decode("cp1252", "replace")
    point = int(found["point"]) % 0x10000
    return "\ufffd" if 0xD800 <= point < 0xE000 else chr(point)  # noqa: PLR2004  # surrogates
