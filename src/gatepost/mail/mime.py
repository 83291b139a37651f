"""The MIME tree (RFC 2045, 2046): leaves in order, each decoded; whatever is broken is marked, never raised."""

import email
import email.message
import re
from dataclasses import dataclass

from fast_mail_parser import ParseError, PyLazyMimePart, parse_email_tree

from gatepost.mail.charset import decode
from gatepost.mail.encoded_word import decode_text
from gatepost.mail.fields import Header, split

MAX_LEAVES = 1_000
MAX_DEPTH = 100
MAX_BOUNDARIES = 10_000
"""Above this the standard parser, slow as it is, is not asked."""

_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE)
_STRUCTURE = (b"mime-version", b"content-type", b"content-transfer-encoding", b"content-disposition")
_TEXT_TYPES = frozenset({"text/plain", "text/html"})
_FALLBACK_ERRORS = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)
"""What the standard parser has been seen to raise on hostile structure."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part that holds content.

    Attributes:
        number: its place in the message, depth first, from 1.
        content: transfer-decoded octets.
        is_body: text a mail program shows in the message itself.
        has_plain_twin: an alternative of it is text/plain (RFC 2046 section 5.1.4).
    """

    number: int
    content_type: str
    charset: str
    filename: str
    content: bytes
    is_body: bool
    has_plain_twin: bool

    @property
    def text(self) -> str:
        """The content by its charset, line ends as LF."""
        return decode(self.content, self.charset).replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class Tree:
    """All leaves of a message. ``is_malformed``: not everything could be read as written."""

    leaves: tuple[Leaf, ...]
    is_malformed: bool


@dataclass(frozen=True, slots=True)
class _Node:
    """A part, whichever parser found it; ``content`` is None for a multipart."""

    content_type: str
    type_field: str
    filename: str
    disposition: str
    content: bytes | None
    children: tuple["_Node", ...]


class _BrokenError(Exception):
    """A parser gave up on this message."""


class _Budget:
    """How many more parts are read."""

    def __init__(self) -> None:
        self._left = 2 * MAX_LEAVES
        self.is_spent = False

    def take(self) -> bool:
        """Allow one more part, or say no."""
        self._left -= 1
        self.is_spent = self._left < 0
        return not self.is_spent


def read(raw: bytes, header: Header) -> Tree:
    """Read the tree; total.

    The parsers see only the structure fields that our own reading of the header found, so that no two readings of one
    header can disagree. A part that cannot be decoded makes a more forgiving parser read the whole message again.
    """
    is_malformed = header.is_malformed or any(len(header.all(name)) > 1 for name in _STRUCTURE)
    fields = [found.raw for name in _STRUCTURE if (found := header.first(name)) is not None]
    octets = b"\r\n".join([*fields, b"", raw[header.body_start :]])
    budget = _Budget()
    try:
        root = _from_fast(parse_email_tree(octets, mode="lazy"), 0, budget)
    except (ParseError, _BrokenError):
        is_malformed = True
        root = _read_forgivingly(octets, raw[header.body_start :], budget)
    leaves = _flatten(root)
    return Tree(tuple(leaves[:MAX_LEAVES]), is_malformed or budget.is_spent or len(leaves) > MAX_LEAVES)


def attachment(raw: bytes, number: int) -> tuple[str, str, bytes] | None:
    """Return (file name, content type, decoded octets) of a leaf that is no body; None where there is no such one."""
    for leaf in read(raw, split(raw)).leaves:
        if leaf.number == number and not leaf.is_body:
            return leaf.filename, leaf.content_type, leaf.content
    return None


def _read_forgivingly(octets: bytes, body: bytes, budget: _Budget) -> _Node:
    """Read with the standard parser, which decodes what it can; where it fails too, the body is one text."""
    if octets.count(b"\n--") <= MAX_BOUNDARIES:
        try:
            return _from_standard(email.message_from_bytes(octets), 0, budget)
        except (*_FALLBACK_ERRORS, _BrokenError):
            pass
    return _Node("text/plain", "", "", "", body, ())


def _from_fast(part: PyLazyMimePart, depth: int, budget: _Budget) -> _Node:
    if depth > MAX_DEPTH:
        raise _BrokenError
    children: list[_Node] = []
    for child in () if part.is_message else part.children:
        if not budget.take():
            break
        children.append(_from_fast(child, depth + 1, budget))
    return _Node(
        part.content_type.lower(),
        _first(part.headers, "content-type"),
        part.filename or "",
        (part.disposition or "").lower(),
        part.content,
        tuple(children),
    )


def _first(headers: dict[str, list[str]], name: str) -> str:
    return next((values[0] for key, values in headers.items() if key.lower() == name and values), "")


def _from_standard(part: email.message.Message, depth: int, budget: _Budget) -> _Node:
    if depth > MAX_DEPTH:
        raise _BrokenError
    content_type = part.get_content_type()
    below = _below(part)
    is_container = bool(below) and content_type.startswith("multipart/")
    children: list[_Node] = []
    for child in below if is_container else ():
        if not budget.take():
            break
        children.append(_from_standard(child, depth + 1, budget))
    return _Node(
        content_type,
        str(part.get("content-type", "")),
        part.get_filename() or "",
        (part.get_content_disposition() or "").lower(),
        None if is_container else _content(part, below),
        tuple(children),
    )


def _below(part: email.message.Message) -> list[email.message.Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, email.message.Message)] if isinstance(payload, list) else []


def _content(part: email.message.Message, below: list[email.message.Message]) -> bytes:
    if below:
        return b"".join(child.as_bytes() for child in below)
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _flatten(root: _Node) -> list[Leaf]:
    """Number the leaves, depth first."""
    leaves: list[Leaf] = []
    stack: list[tuple[_Node, bool]] = [(root, False)]
    while stack:
        node, has_plain_twin = stack.pop()
        if node.content is None or node.children:
            if node.content_type == "multipart/alternative":
                has_plain_twin = has_plain_twin or any(_is_plain(child) for child in node.children)
            stack += [(child, has_plain_twin) for child in reversed(node.children)]
        else:
            leaves.append(_leaf(node, len(leaves) + 1, has_plain_twin=has_plain_twin))
    return leaves


def _is_plain(node: _Node) -> bool:
    return node.content_type == "text/plain" and bool(node.content and node.content.strip())


def _leaf(node: _Node, number: int, *, has_plain_twin: bool) -> Leaf:
    charset = _CHARSET.search(node.type_field)
    return Leaf(
        number=number,
        content_type=node.content_type,
        charset=charset[1] if charset else "",
        filename=decode_text(node.filename),
        content=node.content or b"",
        is_body=node.content_type in _TEXT_TYPES and node.disposition != "attachment",
        has_plain_twin=has_plain_twin,
    )
