"""What is known of an HTML document before it is read: its mode, and what may speak of what stands above."""

import re
from typing import NamedTuple

from can_ada import URL

from gatepost.verify.reading import web_address
from gatepost.verify.reading.html_scan import End, Start, scan
from gatepost.verify.reading.html_tokens import unescaped

_DOCTYPE = re.compile(
    r"(?:\s|<!--(?:[^-]|-(?!->)){0,500}-->)*<!doctype\s+html(?!\s+public\s+.-//[^>]{0,20}//dtd html [234][^>]{0,60}$)",
    re.IGNORECASE,
)
_SHOWN = re.compile(r"<(?!/?(?:html|head|meta|style|title|link|base|script|!)\b)[a-z]|>\s*[^<\s]")
"""Something on the page, in lowercase."""
MAX_PROLOGUE = 5_000
_UPON = tuple(
    (word, re.compile(pattern))
    for word, pattern in (
        ("position", r"position(?<![\w\-]position)\s*+(?:/\*|:(?!\s*static))"),
        ("margin", r"""margin[a-z\-]{0,32}+\s*+(?:/\*|:[^;"'{}]{0,60}(?:-[.\d]|calc|var|/\*))"""),
        ("grid", r"grid(?<=\bgrid)\b"),
        ("offset", r"offset[a-z\-]{0,32}+\s*+(?::|/\*)"),
        ("translate", r"translate[a-z0-9]{0,8}+\s*+[:(/]"),
        ("matrix", r"matrix[a-z0-9]{0,8}+\s*+[(/]"),
        ("&", r"""style(?<=\bstyle)\s*=\s*["'][^"'>]{0,300}&(?!(?:quot|apos|amp|nbsp|#39|#34);)"""),
    )
)
"""What boxes must say to come to lie upon others, or may say so in disguise.

Each begins with a word, which is quick to look for, and reads on for a bounded time: where that word is all there is,
the rest of the page would be read as often as it stands there.
"""

_APART = frozenset({"template", "svg", "math"})
"""Elements in which a ``base`` says nothing of the page."""


class Ahead(NamedTuple):
    """What is known of a document.

    Attributes:
        is_quirky: browsers read it as those of old did, so that classes have no case (quirks mode).
        has_late_parts: a style sheet or the page's own attributes may speak of what stands above them.
        may_cover: boxes may lie upon others.
        base: what all relative links begin with, those above it too; None where it says none of the web.
    """

    is_quirky: bool
    has_late_parts: bool
    may_cover: bool
    base: URL | None


def look_ahead(source: str) -> Ahead:
    """Look at a document before it is read."""
    lowered = source.lower()
    return Ahead(
        is_quirky=_DOCTYPE.match(source[:MAX_PROLOGUE]) is None,
        has_late_parts=_has_late_parts(lowered),
        may_cover=_may_cover(lowered),
        base=_base(source) if "<base" in lowered else None,
    )


def _may_cover(lowered: str) -> bool:
    """Tell whether boxes may lie upon others; a comment between a name and its value is read, and so are escapes."""
    texts = [lowered, unescaped(lowered).lower()] if "\\" in lowered else [lowered]
    return any(word in text and each.search(text) for text in texts for word, each in _UPON)


def _base(source: str) -> URL | None:
    """Return the address of the first ``base`` that has one and is part of the page (HTML section 4.2.3)."""
    depth = 0
    for token in scan(source):
        if isinstance(token, Start | End) and token.tag in _APART:
            depth = max(0, depth + (1 if isinstance(token, Start) else -1))
        elif isinstance(token, Start) and token.tag == "base" and not depth and "href" in token.attributes:
            return web_address.base_of(token.attributes["href"])
    return None


def _has_late_parts(lowered: str) -> bool:
    body = lowered.find("<body")
    if (
        body < max(lowered.rfind("<style"), lowered.rfind("<link"))
        or body != lowered.rfind("<body")
        or lowered.find("<html") != lowered.rfind("<html")
    ):
        return True
    head = lowered.find("</head")
    return body >= 0 and _SHOWN.search(lowered, max(head, 0), body) is not None
