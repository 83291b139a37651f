"""What a person is shown of a message that waits, on every door alike: all that the agent would come to read. Pure."""

import re
from dataclasses import dataclass, replace

from gatepost.verify.paper import UNSEEN, Attachment, Content, Extraction, Span

TEXT_MAX_CHARS = 200_000
SPANS_MAX = 200
_WORD = re.compile(r"\w+")
_TURNS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls, and what turns letters round (UAX #9 section 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A held message as its approver reads it.

    Attributes:
        text: what a mail client shows.
        plain: the text that goes with a page, where it has words that the page has not: a client hides it.
        hidden: what people do not see and machines read.
        files: what is attached, each with the text that was read in it.
        is_whole: nothing that anybody could read was left out, but what is in files that no text was found in.
    """

    text: str
    plain: str
    hidden: tuple[Span, ...]
    files: tuple[Attachment, ...]
    is_whole: bool


def of(content: Content) -> Shown:
    """Return what to show; cut where it is too long for a person to read."""
    reading = content.reading
    hidden = tuple(span for span in reading.spans if span.technique in UNSEEN)
    plain = content.plain if _words(content.plain) - _words(reading.human) else ""
    texts = [reading.human, plain, *(each.text for each in reading.attachments)]
    is_cut = any(each.extraction is Extraction.CUT for each in reading.attachments) or len(hidden) > SPANS_MAX
    return Shown(
        text=reading.human[:TEXT_MAX_CHARS],
        plain=plain[:TEXT_MAX_CHARS],
        hidden=hidden[:SPANS_MAX],
        files=tuple(replace(each, text=each.text[:TEXT_MAX_CHARS]) for each in reading.attachments),
        is_whole=not (is_cut or reading.is_cut or max(map(len, texts)) > TEXT_MAX_CHARS),
    )


def legible(text: str) -> str:
    """Return text in which nothing steers a terminal, turns a line round or hides a part of it; lines stay lines."""
    return "\n".join(map(legible_line, text.split("\n")))


def legible_line(text: str) -> str:
    """Return the same in one line, for names: a stranger's line end begins no line of ours."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def unturned(text: str) -> str:
    """Return text that a person reads in the order a machine does; what joins letters or parts words stays."""
    return _TURNS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
