"""A page's tokens, taken in order; tags in a row that were met before in the same place are taken at once."""

import html
import re
from collections.abc import Mapping
from functools import partial
from typing import Protocol

from gatepost.verify.reading.html_open import MAX_OPEN
from gatepost.verify.reading.html_scan import RAW_TEXT, Comment, End, Start, Text, scan
from gatepost.verify.reading.html_state import Op, Run, State, Step, together
from gatepost.verify.reading.html_writing import STRUCTURE, Writing

_TAG = r"<[A-Za-z/!?][^<>]*+>"
_RUN = re.compile(rf"{_TAG}(?:[ \t\r\n]*+{_TAG})*+")
"""Tags in a row. What of them is cut otherwise by ``scan`` is taken token by token."""


class Taking(Protocol):
    """What takes a page's tokens.

    Attributes:
        writing: what becomes of its words.
        at: where the reading is.
        may_step: what tags did in a place is what they do there.
        left: how much more of that may be kept.
    """

    writing: Writing
    at: State
    may_step: bool
    left: int

    def start(self, start: Start) -> Step | None:
        """Open an element; return what that does wherever it stands, if that is known."""

    def end(self, tag: str) -> Step | None:
        """Close an element; return what that does wherever it stands, if that is known."""

    def keep(self, here: State) -> None:
        """Take note that a run is kept."""

    def text(self, token: Text) -> None:
        """Take words."""

    def sheet(self, token: Text) -> None:
        """Take a style sheet."""

    def linked(self, attributes: Mapping[str, str]) -> None:
        """Take a style sheet that a link carries in its address."""


def walk(page: Taking, source: str, *, is_ahead: bool) -> bool:
    """Take every token; tell whether it came to the end. ``is_ahead``: the page has been told of the sheets.

    Linear: no character is looked at for runs again before all in front of it has been taken.
    """
    at = 0
    while page.may_step and (run := _RUN.search(source, at)) is not None:
        start, end = run.span()
        if at < start:
            text = source[at:start]
            if "<" in text:  # which begins a tag, or is a sign
                at = _one_by_one(page, source, at, end, is_ahead=is_ahead)
                if at < 0:
                    return False
                continue
            page.text(Text(html.unescape(text) if "&" in text else text, at, start))
        known = page.at.runs.get(run[0])
        if known is not None:
            page.at = known.to
            for op in known.does:
                op()
            at = end
            continue
        at = _one_by_one(page, source, start, end, is_ahead=is_ahead)
        if at < 0:
            return False
    return _one_by_one(page, source, at, len(source), is_ahead=is_ahead) >= 0


def _one_by_one(page: Taking, source: str, at: int, end: int, *, is_ahead: bool) -> int:
    """Take tokens until one ends where a run does, or behind it; return where, or -1 where too much is open."""
    here, first = page.at, at
    does: list[Op] | None = []
    for token in scan(source, at):
        is_known = _take(page, token, [] if does is None else does, is_ahead=is_ahead)
        does = does if is_known else None
        if page.at.depth > MAX_OPEN:
            return -1
        at = token.end
        if at >= end and not (isinstance(token, Start) and token.tag in RAW_TEXT):
            break
    if does is not None and at == end and page.may_step and page.left:
        page.keep(here)
        here.runs[source[first:end]] = Run(page.at, together(does, page.writing.break_))
    return at


def _take(page: Taking, token: Start | End | Text | Comment, does: list[Op], *, is_ahead: bool) -> bool:
    """Take a token, and add what it does; tell whether it does no more, and that wherever it stands."""
    if isinstance(token, Start):
        if token.tag == "link" and not is_ahead:
            page.linked(token.attributes)
        step = page.start(token)
        return step is not None and _add_start(does, token, step, page.writing)
    if isinstance(token, End):
        step = page.end(token.tag)
        does += step.before if step is not None else ()
        return step is not None
    if isinstance(token, Comment):
        page.writing.comment(token)
        return False
    if token.raw_of == "style":
        page.writing.sheet(token)
        if not is_ahead:
            page.sheet(token)
        return False
    is_blank = _is_blank(page.at, token)
    page.text(token)
    if is_blank:
        does.append(partial(page.writing.blank, token.text))
    return is_blank


def _is_blank(state: State, token: Text) -> bool:
    """Tell whether a text is nothing but white space that parts words."""
    if token.text.strip(" \t\r\n"):
        return False
    return not (state.is_live or state.is_preformatted or state.hidden_by is not None or token.raw_of)


def _add_start(does: list[Op], start: Start, step: Step, writing: Writing) -> bool:
    """Add what a start tag does; tell whether that is all, wherever it stands."""
    does += step.before
    if start.tag == "img" and start.attributes:
        does.append(partial(writing.picture, ""))
    does += step.after
    if step.begins and start.tag in STRUCTURE:
        does.append(writing.beginning(start))
    return start.tag != "a" and writing.is_silent(start)
