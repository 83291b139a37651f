"""HTML as a stream of tags and text (HTML standard section 13.2.5, simplified): linear in every input.

A full HTML tree builder is no choice here: measured with lexbor, 700 KB of attributes on one tag took 11 s, 100,000
nested ``div`` 10 s, and 60,000 unclosed ``b`` of different classes all memory there was.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_MARKUP = re.compile(r"<(?=[A-Za-z!?]|/[^\s])")
_TAG_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?P<name>=?[^\s/>=]+)(?:\s*=\s*(?P<value>"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^\s>]*))?""",
)
_GAP = re.compile(r"[\s/=]*")
MAX_ATTRIBUTES = 64
MAX_NAME = 40

RAW_TEXT = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"})
"""Elements whose content holds no tags."""
_RAW_END = {tag: re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE | re.ASCII) for tag in RAW_TEXT - {"plaintext"}}
_COMMENT_END = re.compile(r"--!?>")


@dataclass(frozen=True, slots=True)
class Start:
    """A start tag; names lowercase, values with character references resolved."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """An end tag."""

    tag: str


@dataclass(frozen=True, slots=True)
class Text:
    """Text between tags, character references resolved. ``raw_of``: the raw-text element around it, or empty."""

    text: str
    raw_of: str = ""


def scan(source: str) -> Iterator[Start | End | Text]:
    """Yield tags and text in order; never raises, every character is passed once."""
    at = 0
    while (mark := _MARKUP.search(source, at)) is not None:
        if mark.start() > at:
            yield Text(html.unescape(source[at : mark.start()]))
        at = mark.start()
        kind = source[at + 1]
        if kind in "!?":
            at = _behind_comment(source, at)
        elif kind == "/":
            found = _TAG_NAME.match(source, at + 2)
            if found is not None:
                yield End(found[0][:MAX_NAME].lower())
            at = _behind(source, ">", at + 2)
        else:
            start, at = _start_tag(source, at + 1)
            if start is None:
                return  # the document ends inside a tag: nothing of it is shown
            yield start
            if start.tag in RAW_TEXT:
                text, at = _raw_text(source, at, start.tag)
                yield Text(text, start.tag)
    if at < len(source):
        yield Text(html.unescape(source[at:]))


def _behind(source: str, mark: str, at: int) -> int:
    found = source.find(mark, at)
    return len(source) if found < 0 else found + len(mark)


def _behind_comment(source: str, at: int) -> int:
    if not source.startswith("<!--", at):
        return _behind(source, ">", at)
    if source.startswith((">", "->"), at + 4):
        return _behind(source, ">", at + 4)
    found = _COMMENT_END.search(source, at + 4)
    return len(source) if found is None else found.end()


def _start_tag(source: str, at: int) -> tuple[Start | None, int]:
    found = _TAG_NAME.match(source, at)
    tag = found[0][:MAX_NAME].lower() if found else ""
    at = found.end() if found else at
    attributes: dict[str, str] = {}
    while at < len(source):
        if source[at] == ">":
            return Start(tag, attributes), at + 1
        attribute = _ATTRIBUTE.match(source, at)
        if attribute is None:
            gap = _GAP.match(source, at)
            at = gap.end() if gap is not None and gap.end() > at else at + 1
            continue
        at = attribute.end()
        name = attribute["name"][:MAX_NAME].lower()
        if len(attributes) < MAX_ATTRIBUTES and name not in attributes:
            attributes[name] = html.unescape((attribute["value"] or "").strip("\"'"))
    return None, at


def _raw_text(source: str, at: int, tag: str) -> tuple[str, int]:
    found = _RAW_END[tag].search(source, at) if tag in _RAW_END else None
    end = len(source) if found is None else found.start()
    return source[at:end], end
