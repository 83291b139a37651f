"""The text of attached files as part of the evidence: asked of another process, within bounds for the whole message."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from gatepost.verify.extract.kinds import Kind, kind_of, octets_for
from gatepost.verify.paper import MAX_SPAN_CHARS, Attachment, Content, Extraction, Reading, Span, Technique
from gatepost.verify.reading import characters
from gatepost.verify.reading.marks import Marks
from gatepost.verify.stages import aside_for

MAX_FILES = 20
"""Of one message; further files are too many to read, and say so."""
MAX_LATE = 1
"""Files of one message that may fail to be read in time; after more the rest is not tried, and the reading is cut.

A stranger may have made them so, to hide another.
"""
_LATE = frozenset({Extraction.TIMEOUT, Extraction.CRASHED})
MAX_CHARS = 1_000_000
"""Of all files together."""
DEADLINE_S = 20.0
"""For all files together."""

File = tuple[int, Kind, bytes]
"""The part's number, what it is, and what the process is given of it."""


class TextReader(Protocol):
    """Reads the text of one file; total."""

    async def read(self, kind: Kind, octets: bytes) -> tuple[Extraction, str]:
        """Return what became of it, and its text."""


def has_files(reading: Reading) -> bool:
    """Tell whether there is any file whose text we read."""
    return any(kind_of(one.file) is not None for one in reading.attachments)


def cut(raw: bytes, reading: Reading) -> tuple[File, ...]:
    """Return the files whose text we read, cut out of the message as it was received; pure."""
    leaves = reading.leaves
    wanted = (
        (one.part, kind) for one in reading.attachments if (kind := kind_of(one.file)) is not None and one.size_octets
    )
    return tuple((number, kind, octets_for(raw, leaves[number - 1], kind)) for number, kind in wanted)


async def read(
    content: Content, files: tuple[File, ...], reader: TextReader, *, deadline_s: float = DEADLINE_S
) -> Content:
    """Return the content with what the files say; a file that is not read in time says so. Total."""
    until = asyncio.get_running_loop().time() + deadline_s
    answers: dict[int, tuple[Extraction, str]] = {}
    late = 0
    for number, kind, octets in files[:MAX_FILES]:  # one after the other: other mails' files wait for a place, too
        is_given_up = late > MAX_LATE
        found = (Extraction.TIMEOUT, "") if is_given_up else await _within(until, reader, kind, octets)
        late += found[0] in _LATE
        answers[number] = found
    answers |= {number: (Extraction.TOO_LARGE, "") for number, _, _ in files[MAX_FILES:]}
    texts = sum(len(text) for _, text in answers.values())  # a million characters nobody sees take most of a second
    return await aside_for(texts).run(_filled_in, content, answers, is_given_up=late > MAX_LATE)


def _filled_in(content: Content, answers: Mapping[int, tuple[Extraction, str]], *, is_given_up: bool) -> Content:
    """Return the content with what became of each file, by its part's number; pure."""
    marks = Marks()
    left = MAX_CHARS
    attachments: list[Attachment] = []
    spans: list[Span] = []
    for one in content.reading.attachments:
        outcome, text = answers.get(one.part, (one.extraction, one.text))
        if len(text) > left:
            outcome, text = Extraction.CUT, text[:left]
        left -= len(text)
        attachments.append(replace(one, text=text, extraction=outcome))
        if text:
            spans.append(_span(one, text))
            characters.clean(text, f"attachment:{one.part}", 0, marks)
    reading = replace(
        content.reading,
        attachments=tuple(attachments),
        spans=(*content.reading.spans, *spans, *marks.spans),
        is_cut=content.reading.is_cut or marks.is_cut or is_given_up,
    )
    return replace(content, reading=reading)


def _span(attachment: Attachment, text: str) -> Span:
    is_calendar = kind_of(attachment.file) is Kind.CALENDAR
    technique = Technique.CALENDAR if is_calendar else Technique.ATTACHMENT_TEXT
    return Span(technique, f"attachment:{attachment.part}", 0, len(text), text[:MAX_SPAN_CHARS])


async def _within(until: float, reader: TextReader, kind: Kind, octets: bytes) -> tuple[Extraction, str]:
    try:
        async with asyncio.timeout_at(until):
            return await reader.read(kind, octets)
    except TimeoutError:
        return Extraction.TIMEOUT, ""
