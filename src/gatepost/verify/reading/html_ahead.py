"""What is known of an HTML document before it is read: its mode, and what may speak of what stands above."""

import re

_DOCTYPE = re.compile(
    r"(?:\s|<!--(?:[^-]|-(?!->)){0,500}-->)*<!doctype\s+html(?!\s+public\s+.-//[^>]{0,20}//dtd html [234][^>]{0,60}$)",
    re.IGNORECASE,
)
_SHOWN = re.compile(r"<(?!/?(?:html|head|meta|style|title|link|base|script|!)\b)[a-z]|>\s*[^<\s]")
"""Something on the page, in lowercase."""
MAX_PROLOGUE = 5_000
_UPON = re.compile(
    r"""(?<![\w\-])position\s*:(?!\s*static) | margin[a-z\-]*\s*:[^;"'{}]{0,60}(?:-[.\d]|calc|var)
      | translate | matrix | offset | \bgrid\b | \\ | /\* | \bstyle\s*=\s*["'][^"'>]{0,300}&""",
    re.VERBOSE,
)
"""What boxes must say to come to lie upon others, or may say so in disguise."""


def is_quirky(source: str) -> bool:
    """Tell whether browsers read a document as those of old did, so that classes have no case (quirks mode)."""
    return _DOCTYPE.match(source[:MAX_PROLOGUE]) is None


def has_late_parts(source: str) -> bool:
    """Tell whether a style sheet or the page's own attributes may speak of what stands above them, unlike in a head."""
    lowered = source.lower()
    body = lowered.find("<body")
    if (
        body < max(lowered.rfind("<style"), lowered.rfind("<link"))
        or body != lowered.rfind("<body")
        or lowered.find("<html") != lowered.rfind("<html")
    ):
        return True
    head = lowered.find("</head")
    return body >= 0 and _SHOWN.search(lowered, max(head, 0), body) is not None


def may_cover(source: str) -> bool:
    """Tell whether boxes may lie upon others."""
    return _UPON.search(source.lower()) is not None
