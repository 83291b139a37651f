"""HTML as a stream of tags, text and comments (HTML standard section 13.2.5, simplified): linear in every input.

A full HTML tree builder is no choice here (docs/adr/0012): measured with lexbor, 700 KB of attributes on one tag took
11 s, 100,000 nested ``div`` 10 s, and 60,000 unclosed ``b`` of different classes all memory there was.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_MARKUP = re.compile(r"<(?=[A-Za-z!?]|/.)", re.DOTALL)
_TAG_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?P<name>=?[^\s/>=]+)(?:\s*=\s*(?P<value>"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^\s>]*))?""",
)
_ORDINARY = re.compile(r"""<([A-Za-z][A-Za-z0-9]{0,39}+)((?:\s++[A-Za-z][\w:.\-]*+="[^"]*+")*+)\s*+(/?)>""")
"""A tag as nearly all are written, and its attributes."""
_PAIR = re.compile(r'([A-Za-z][\w:.\-]*+)="([^"]*+)"')
_GAP = re.compile(r"[\s/=]*")
MAX_ATTRIBUTES = 64
MAX_NAME = 40
_NONE: Mapping[str, str] = {}

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
"""Elements that hold nothing, and have no end tag."""
RAW_TEXT = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"})
"""Elements whose content holds no tags."""
_RAW_END = {tag: re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE | re.ASCII) for tag in RAW_TEXT - {"plaintext"}}
_ESCAPABLE = frozenset({"title", "textarea"})
"""Raw text in which character references are resolved (section 13.2.5.2)."""
_COMMENT_END = re.compile(r"--!?>")


class Start(NamedTuple):
    """A start tag; names lowercase, values with character references resolved. Offsets are characters of the source.

    ``is_closed``: it ends with a slash, which inside drawings closes the element.
    """

    tag: str
    attributes: Mapping[str, str]
    start: int
    end: int
    is_closed: bool = False


class End(NamedTuple):
    """An end tag; ``end``: where it ends."""

    tag: str
    end: int = 0


class Text(NamedTuple):
    """Text between tags, character references resolved. ``raw_of``: the raw-text element around it, or empty."""

    text: str
    start: int
    end: int
    raw_of: str = ""


class Comment(NamedTuple):
    """A comment, or what is read as one: a declaration, an end tag of nothing, a tag that never ends."""

    text: str
    start: int
    end: int


def scan(source: str, at: int = 0) -> Iterator[Start | End | Text | Comment]:
    """Yield tags, text and comments in order, from ``at`` on; never raises, every character is passed once."""
    while (mark := _MARKUP.search(source, at)) is not None:
        if mark.start() > at:
            yield _text(source, at, mark.start())
        at = mark.start()
        kind = source[at + 1]
        if kind in "!?":
            comment = _comment(source, at)
            at = comment.end
            yield comment
        elif kind == "/":
            end = _behind(source, ">", at + 2)
            found = _TAG_NAME.match(source, at + 2, end)
            yield End(found[0][:MAX_NAME].lower(), end) if found else Comment(source[at + 2 : end - 1], at, end)
            at = end
        else:
            start = _start_tag(source, at)
            if start is None:
                yield Comment(source[at + 1 :], at, len(source))  # the document ends inside a tag: it is not shown
                return
            at = start.end
            yield start
            if start.tag in RAW_TEXT:
                text = _raw_text(source, at, start.tag)
                at = text.end
                yield text
    if at < len(source):
        yield _text(source, at, len(source))


def _text(source: str, start: int, end: int) -> Text:
    text = source[start:end]
    return Text(html.unescape(text) if "&" in text else text, start, end)


def _behind(source: str, mark: str, at: int) -> int:
    found = source.find(mark, at)
    return len(source) if found < 0 else found + len(mark)


def _comment(source: str, at: int) -> Comment:
    if not source.startswith("<!--", at):
        end = _behind(source, ">", at)
        return Comment(source[at + 1 : end].removesuffix(">"), at, end)
    if source.startswith((">", "->"), at + 4):
        return Comment("", at, _behind(source, ">", at + 4))
    found = _COMMENT_END.search(source, at + 4)
    if found is None:
        return Comment(source[at + 4 :], at, len(source))
    return Comment(source[at + 4 : found.start()], at, found.end())


def _start_tag(source: str, opened: int) -> Start | None:
    ordinary = _ORDINARY.match(source, opened)
    if ordinary is not None:
        tag, written, slash = ordinary.groups()
        attributes = _attributes(written) if written else _NONE
        if attributes is not None:
            return Start(tag.lower(), attributes, opened, ordinary.end(), slash == "/")
    return _odd_tag(source, opened)


def _attributes(written: str) -> Mapping[str, str] | None:
    """Return the attributes of an ordinary tag; None where there are too many, or their names are too long."""
    pairs = _PAIR.findall(written)
    if len(pairs) > MAX_ATTRIBUTES:
        return None
    attributes: dict[str, str] = {}
    for spelled, value in pairs:
        if len(spelled) > MAX_NAME:
            return None
        attributes.setdefault(spelled.lower(), html.unescape(value) if "&" in value else value)
    return attributes


def _odd_tag(source: str, opened: int) -> Start | None:
    found = _TAG_NAME.match(source, opened + 1)
    tag = found[0][:MAX_NAME].lower() if found else ""
    at = found.end() if found else opened + 1
    if source.startswith(">", at):
        return Start(tag, _NONE, opened, at + 1)
    attributes: dict[str, str] = {}
    while at < len(source):
        if source[at] == ">":
            return Start(tag, attributes, opened, at + 1, source[at - 1] == "/")
        attribute = _ATTRIBUTE.match(source, at)
        if attribute is None:
            gap = _GAP.match(source, at)
            at = gap.end() if gap is not None and gap.end() > at else at + 1
            continue
        at = attribute.end()
        name = attribute["name"][:MAX_NAME].lower()
        if len(attributes) < MAX_ATTRIBUTES and name not in attributes:
            value = attribute["value"] or ""
            value = value[1:].removesuffix(value[0]) if value[:1] in {'"', "'"} else value
            attributes[name] = html.unescape(value) if "&" in value else value
    return None


def _raw_text(source: str, at: int, tag: str) -> Text:
    found = _RAW_END[tag].search(source, at) if tag in _RAW_END else None
    end = len(source) if found is None else found.start()
    text = source[at:end]
    return Text(html.unescape(text) if tag in _ESCAPABLE and "&" in text else text, at, end, tag)
