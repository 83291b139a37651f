"""A stranger's signs of Markdown made harmless, so that a model view has no structure but what this house writes.

CommonMark 0.31: an escaped bracket closes no link, image or definition, an escaped ``<`` begins no HTML, and a line
that begins with an escaped sign is no heading and no fence. What a person reads stays: each escape is one backslash.
Beside marks of ours a backtick is escaped, too: code would swallow them.
"""

import re
from collections.abc import Callable, Mapping

_SIGN = r"[!-/:-@\[-`{-~]"
_INLINE = re.compile(rf"\\(?={_SIGN})|<(?=[A-Za-z/!?])|\](?=[(\[:])")
"""A backslash that would take the meaning of the sign behind it is one, too."""
_PIECE = re.compile(rf"`|\\(?={_SIGN}|\Z)|<(?=[A-Za-z/!?]|\Z)|\](?=[(\[:]|\Z)")
_IN_LINK = re.compile(rf"`|\\(?={_SIGN}|\Z)|<(?=[A-Za-z/!?]|\Z)|[\[\]]")
_OPENS = r"(?=#{1,6}(?:\s|\Z)|`{3}|~{3}|[`~]{1,2}\Z)"
"""The sign of a heading or fence; at the end more of it may follow."""
_BARE = re.compile(r"[\s>*+\-\d.)]*+")
"""What may stand before it: a quotation's sign, a list's."""
_FIRST = re.compile(rf"\A({_BARE.pattern}){_OPENS}")
_ENDS = ("\n", "\r")
"""Of lines. Each has patterns of its own: ``re`` finds one sign five times as soon as one of two."""
_LINES = {end: re.compile(rf"({end}[ \t>*+\-\d.)]*+){_OPENS}") for end in _ENDS}
_UNDERLINES = {end: re.compile(rf"({end}[ \t>]*+)(?=(?:=++|-++)[ \t]*+(?:[\n\r]|\Z))") for end in _ENDS}
_SIGNS = re.compile(r"[\\<\[\]#`~]")
_REFERENCE = re.compile(r"&(?=#?\w{1,32};)")
_WRITTEN = re.compile(rf"\\({_SIGN})")


def text(written: str) -> str:
    """Return a plain text that Markdown shows as it is written, but for underlines; linear."""
    if "\\" in written or "<" in written or "]" in written:
        written = _INLINE.sub(_escaped, written)
    if "#" in written or "`" in written or "~" in written:
        written = _escape_lines(_FIRST.sub(r"\1\\", written), _LINES)
    return written


def is_harmless(written: str) -> bool:
    """Tell whether no sign of Markdown stands in a text."""
    return _SIGNS.search(written) is None


def words(written: str, line: Callable[[], str], *, is_in_link: bool) -> str:
    """Return a piece of a page's text as it may stand between marks of ours; linear.

    Args:
        written: what the page says; more text, or a mark, may follow it at once.
        line: tells what stands before it on its line.
        is_in_link: it is part of a link's words, which end with a bracket of ours.
    """
    if is_harmless(written):
        return written
    found = (_IN_LINK if is_in_link else _PIECE).sub(_escaped, written)
    if _FIRST.match(found) is not None and _BARE.fullmatch(line()) is not None:
        found = _FIRST.sub(r"\1\\", found)
    return _escape_lines(found, _LINES)


def underlines(written: str) -> str:
    """Return Markdown in which no line of ``=`` or ``-`` makes a heading of the one before it; linear.

    Apart from the others because signatures begin with such a line: they are set apart before.
    """
    return _escape_lines(written, _UNDERLINES) if "=" in written or "-" in written else written


def _escape_lines(written: str, lines: Mapping[str, re.Pattern[str]]) -> str:
    """Put a backslash where a line's sign begins."""
    for end, line in lines.items():
        if end in written:
            written = line.sub(r"\1\\", written)
    return written


def target(written: str) -> str:
    """Return a link's target in which Markdown resolves no character reference."""
    return _REFERENCE.sub("%26", written)


def undone(written: str) -> str:
    """Return what is read where escapes stand."""
    return _WRITTEN.sub(r"\1", written) if "\\" in written else written


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"
