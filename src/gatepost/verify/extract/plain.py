"""Text files, web pages, calendars and attached mails, as text."""

import re

from gatepost.mail import fields
from gatepost.verify.paper import UNSEEN
from gatepost.verify.reading import html_page
from gatepost.verify.reading.marks import Marks
from gatepost.verify.reading.read import read

_FOLD = re.compile(r"\r?\n[ \t]")  # RFC 5545 section 3.1
_SPOKEN = re.compile(
    r"^(?:SUMMARY|DESCRIPTION|LOCATION|COMMENT|CONTACT|RESOURCES|CATEGORIES|X-ALT-DESC|X-WR-CALNAME|X-WR-CALDESC"
    r"|(?P<private>X-[A-Z0-9-]+))"
    r'(?:;(?:[^":\n]|"[^"\n]*")*)?:(?P<text>.*)$',
    re.MULTILINE | re.IGNORECASE,
)
_NAMED = re.compile(r';CN="(?P<text>[^"\n]*)"', re.IGNORECASE)  # RFC 5545 section 3.2.2
_WORDS = re.compile(r"[^\W\d_]{2,}[,;]?[ \t]+[^\W\d_]+[,;]?[ \t]+[^\W\d_]")
"""What a property of somebody's own, or a name, holds where it speaks: three words, and no code."""
_ESCAPED = re.compile(r"\\([nN,;\\])")  # RFC 5545 section 3.3.11


def page(octets: bytes) -> str:
    """Return what a page shows and, below it, what it hides: a model that is given the file reads both."""
    marks = Marks()
    shown = html_page.read(octets.decode("utf-8", "replace"), 0, marks).human
    hidden = [span.text for span in marks.spans if span.technique in UNSEEN]
    return "\n".join([shown, *hidden])


def calendar(octets: bytes) -> str:
    """Return what a calendar says in words, in properties and names that no program shows too."""
    text = _FOLD.sub("", octets.decode("utf-8", "replace"))
    said = [
        _ESCAPED.sub(_unescaped, found["text"].strip())
        for found in _SPOKEN.finditer(text)
        if not found["private"] or _WORDS.search(found["text"])
    ]
    names = (found["text"] for found in _NAMED.finditer(text) if _WORDS.search(found["text"]))
    return "\n".join(words for words in (*said, *names) if words)


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] in "nN" else found[1]


def message(octets: bytes) -> str:
    """Return the subject and body of an attached mail, and what it hides."""
    bodies = read(octets, fields.split(octets))
    hidden = [
        span.text for span in bodies.reading.spans if span.technique in UNSEEN or span.place.startswith("header:")
    ]
    return "\n".join([bodies.subject, bodies.reading.human, *hidden])
