"""The MIME tree (RFC 2045, 2046), read once: every part with its place in the message, whatever is broken marked.

One parser and no other: two parsers that take turns read two different messages. It looks at each line that begins
with ``--`` once, so its time is linear in the message; nothing is raised, and no octet of the body is lost: it lies in
a leaf, or in a gap between parts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from gatepost.mail import flowed, structure, transfer
from gatepost.mail.charset import decode, label_of_page
from gatepost.mail.fields import Header
from gatepost.mail.structure import NAMES, Written

MAX_PARTS = 1_000
MAX_DEPTH = 100
MAX_DELIMITERS = 200_000
"""Lines that begin with ``--`` and are looked at; what follows belongs to the part it stands in."""
MAX_PART_HEADER_OCTETS = 65_536
LONG_CHARS = 65_536
"""Of a text that is never made a list of its lines: each would be an object, and there may be millions."""

# Not possessive: before Python 3.11.5 a possessive group goes on behind a look-ahead that said no (gh-106052). What
# stands behind each repeat always matches, so nothing is tried twice.
_FIELD_LINES = re.compile(rb"(?:(?!--)[!-9;-~]+[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z))*")
_STRUCTURE = re.compile(
    rb"^content-(?P<name>type|transfer-encoding|disposition|id)[ \t]*:(?P<value>[^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_FIELDS = tuple(b"content-" + name for name in NAMES)
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} (?P<name>[^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_LINES = re.compile(rb"(?:[ -`]{1,90}\r?\n){1,1000}")
_UU_END = re.compile(rb"end[ \t]*(?:\r?\n|\Z)")
"""A file as mail programs of old wrote it into a text; no line of it begins as the first or the last does.

Lines by the thousand: ``re`` keeps hundreds of octets for each turn of a group, which for all took 3.4 GB.
"""
_EMPTY_LINE = re.compile(rb"\r?\n")
_TEXT_TYPES = frozenset({"text/plain", "text/html"})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One node of the tree, by its place in the message; offsets are octets of the message as received.

    Attributes:
        path: as IMAP numbers it (RFC 9051 section 6.4.5), ``1.2``; empty for a multipart message itself.
        content_type: lowercase; what cannot be read is text/plain (RFC 2045 section 5.2).
        encoding: the transfer encoding, lowercase.
        filename: decoded; a stranger's word, no path.
        disposition: ``inline``, ``attachment``, another word, or empty.
        content_id: without angle brackets.
    """

    path: str
    content_type: str
    charset: str
    encoding: str
    disposition: str
    filename: str
    content_id: str
    header_start: int
    body_start: int
    end: int

    @property
    def is_multipart(self) -> bool:
        """Whether it only holds other parts."""
        return self.content_type.startswith("multipart/")


class Leaf(NamedTuple):
    """One part that holds content.

    Attributes:
        number: its place among the leaves, from 1.
        content: transfer-decoded octets.
        is_body: text a mail program shows in the message itself.
        is_listed: a file of its own, to be listed among the attachments; a named text may be both, and so is a
            multipart that has no parts.
        alternative: the path of the outermost multipart/alternative around it; None outside of any.
        is_joined: its lines are broken within words (``flowed``).
    """

    number: int
    part: Part
    content: bytes
    is_body: bool
    is_listed: bool
    alternative: str | None
    is_joined: bool = False

    @property
    def content_type(self) -> str:
        """The media type, lowercase."""
        return self.part.content_type

    @property
    def filename(self) -> str:
        """The file's name as the sender wrote it; empty where it has none."""
        return self.part.filename

    @property
    def text(self) -> str:
        """The content by its charset, line ends as LF."""
        label = self.part.charset
        if not label and self.content_type == "text/html":
            label = label_of_page(self.content)
        text = decode(self.content, label)
        if self.is_joined:
            return flowed.joined(text.replace("\r\n", "\n"))
        if len(text) > LONG_CHARS:
            return text.replace("\r\n", "\n")
        return "\n".join(text.split("\r\n"))  # a third quicker


class Gap(NamedTuple):
    """Octets that no part owns and no mail program shows: ``preamble`` or ``epilogue`` (RFC 2046 section 5.1.1)."""

    kind: str
    start: int
    end: int


class Tree(NamedTuple):
    """A whole message.

    Attributes:
        parts: all nodes, depth first.
        is_malformed: not everything could be read as written.
        used_fallback: a part's content was not what its header says, and was read as what it seems to be.
    """

    parts: tuple[Part, ...]
    leaves: tuple[Leaf, ...]
    gaps: tuple[Gap, ...]
    is_malformed: bool
    used_fallback: bool


def read(raw: bytes, header: Header) -> Tree:
    """Read the tree; total and linear."""
    reader = _Reader(raw)
    fields_of = header.named.get
    written = tuple([tuple([field.value for field in fields_of(name, ())]) for name in _FIELDS])
    reader.begin(_Node(written, 0, header.body_start), None)
    reader.run()
    leaves, parts, used_fallback = _leaves(raw, reader.nodes)
    return Tree(
        parts=parts,
        leaves=leaves,
        gaps=tuple(gap for gap in reader.gaps if raw[gap.start : gap.end].strip()),
        is_malformed=header.is_malformed
        or reader.is_malformed
        or used_fallback
        or len(header.all(b"mime-version")) > 1,
        used_fallback=used_fallback,
    )


def content_of(raw: bytes, part: Part) -> bytes:
    """Return the decoded octets of a leaf that was read before: a slice, no second parse."""
    return transfer.decode(raw, part.encoding, part.body_start, part.end)[0]


class _Node:
    """A part whose end is not known yet, and, where it is a multipart, whose delimiters are waited for."""

    def __init__(self, written: Written, header_start: int, body_start: int, default: str = "text/plain") -> None:
        (
            self.content_type, self.charset, self.encoding, self.disposition, self.filename, self.content_id,
            self.boundary, self.is_joined, self.is_doubtful,
        ) = structure.read(written, default)  # fmt: skip
        self.header_start = header_start
        self.body_start = body_start
        self.end = body_start
        self.path = ""
        self.alternative: str | None = None
        self.children = 0
        self.is_closed = False
        self.is_broken = False

    @property
    def is_multipart(self) -> bool:
        return self.content_type.startswith("multipart/")

    def part(self) -> Part:
        return Part(
            self.path, self.content_type, self.charset, self.encoding, self.disposition, self.filename,
            self.content_id, self.header_start, self.body_start, self.end,
        )  # fmt: skip


class _Reader:
    """Walks from delimiter to delimiter, with the open multiparts as a stack."""

    def __init__(self, raw: bytes) -> None:
        self.nodes: list[_Node] = []
        self.gaps: list[Gap] = []
        self.is_malformed = False
        self._raw = raw
        self._open: list[_Node] = []
        self._depths: dict[bytes, list[int]] = {}
        self._unowned = 0  # where octets begin that belong to no leaf; negative while a leaf takes them

    def begin(self, node: _Node, parent: _Node | None) -> None:
        """Begin a part behind its header."""
        self.is_malformed = self.is_malformed or node.is_doubtful
        is_container = node.is_multipart and bool(node.boundary) and len(self._open) < MAX_DEPTH
        if node.is_multipart and not is_container:
            self._read_as_text(node)
        if parent is not None:
            parent.children += 1
            node.path = f"{parent.path}.{parent.children}" if parent.path else str(parent.children)
            node.alternative = parent.alternative
        elif not is_container:
            node.path = "1"
        if node.content_type == "multipart/alternative" and node.alternative is None:
            node.alternative = node.path
        self.nodes.append(node)
        self._unowned = node.body_start if is_container else -1
        if is_container:
            self._depths.setdefault(node.boundary, []).append(len(self._open))
            self._open.append(node)

    def run(self) -> None:
        """Walk the delimiters to the end of the message."""
        if self._open:
            for start, text, end in _delimiters(self._raw, self._open[0].body_start):
                self._see(start, text, end)
        self._end_content(len(self._raw))
        self._pop_below(-1, len(self._raw))

    def _see(self, start: int, text: bytes, end: int) -> None:
        depths = self._depths.get(text)
        is_last = False
        if not depths and text.endswith(b"--"):
            depths = self._depths.get(text[:-2])
            is_last = True
        if not depths or start < self.nodes[-1].body_start:
            return
        at = max(_before_line_end(self._raw, start), self.nodes[-1].body_start)
        self._end_content(at)
        self._pop_below(depths[-1], at)
        multipart = self._open[-1]
        self.is_malformed = self.is_malformed or multipart.is_closed
        multipart.is_closed = is_last
        self._unowned = end
        if is_last:
            return
        if len(self.nodes) >= MAX_PARTS:
            self.is_malformed = True
        else:
            self._begin_part(end, multipart)

    def _begin_part(self, start: int, parent: _Node) -> None:
        """Read a part's header, which ends at an empty line, or where something stands that is no field."""
        raw = self._raw
        fields = _FIELD_LINES.match(raw, start, start + MAX_PART_HEADER_OCTETS)
        header_end = fields.end() if fields else start
        empty = _EMPTY_LINE.match(raw, header_end)
        if empty is None and header_end < len(raw) and not raw.startswith(b"--", header_end):
            self.is_malformed = True
        named: dict[bytes, list[bytes]] = {}
        for found in _STRUCTURE.finditer(raw, start, header_end):
            named.setdefault(found["name"].lower(), []).append(found["value"])
        written = tuple([tuple(named.get(name, ())) for name in NAMES])
        default = "message/rfc822" if parent.content_type == "multipart/digest" else "text/plain"
        self.begin(_Node(written, start, empty.end() if empty else header_end, default), parent)

    def _end_content(self, at: int) -> None:
        """Give what was read since the last delimiter to whom it belongs: a leaf, or a gap."""
        if self._unowned < 0:
            self.nodes[-1].end = at
        elif self._open and len(self.gaps) < MAX_PARTS:
            kind = "epilogue" if self._open[-1].children else "preamble"
            self.gaps.append(Gap(kind, self._unowned, max(at, self._unowned)))

    def _pop_below(self, depth: int, at: int) -> None:
        """End the multiparts inside the one at ``depth``; one without any part is text after all."""
        while len(self._open) > depth + 1:
            node = self._open.pop()
            self._depths[node.boundary].pop()
            node.end = at
            self.is_malformed = self.is_malformed or not node.is_closed
            if not node.children:
                self._read_as_text(node)
                node.path = node.path or "1"

    def _read_as_text(self, node: _Node) -> None:
        """Show a multipart that has no parts, as mail programs do."""
        node.content_type = "text/plain"
        node.is_broken = True
        self.is_malformed = True


def _delimiters(raw: bytes, at: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield each line that begins with ``--``: where it starts, what follows the dashes, where the next line starts."""
    for _ in range(MAX_DELIMITERS):
        if not raw.startswith(b"--", at):
            found = raw.find(b"\n--", at)
            if found < 0:
                return
            at = found + 1
        end = raw.find(b"\n", at)
        end = len(raw) if end < 0 else end + 1
        yield at, raw[at + 2 : end].rstrip(b" \t\r\n"), end
        at = end


def _before_line_end(raw: bytes, at: int) -> int:
    """Return where a text ends before a delimiter, to which the line end belongs (RFC 2046 section 5.1.1)."""
    if raw[at - 1 : at] != b"\n":
        return at
    return at - 2 if raw[at - 2 : at] == b"\r\n" else at - 1


def _leaves(raw: bytes, nodes: list[_Node]) -> tuple[tuple[Leaf, ...], tuple[Part, ...], bool]:
    """Decode the leaves; says too which parts there are, and whether one was not what its header claims."""
    leaves: list[Leaf] = []
    parts: list[Part] = []
    used_fallback = False
    for node in nodes:
        part = node.part()
        parts.append(part)
        if node.is_multipart:
            continue
        content, is_sound = transfer.decode(raw, node.encoding, node.body_start, node.end)
        used_fallback = used_fallback or not is_sound
        is_text = node.content_type in _TEXT_TYPES
        is_body = is_text and node.disposition != "attachment"
        is_listed = not is_body or bool(node.filename) or node.is_broken
        is_joined = node.is_joined and node.content_type == "text/plain"
        leaves.append(Leaf(len(leaves) + 1, part, content, is_body, is_listed, node.alternative, is_joined))
        if is_body and len(parts) < MAX_PARTS:
            for inside, octets in _uuencoded(raw, part):
                parts.append(inside)
                leaves.append(Leaf(len(leaves) + 1, inside, octets, is_body=False, is_listed=True, alternative=None))
    return tuple(leaves), tuple(parts), used_fallback


def _uuencoded(raw: bytes, part: Part) -> Iterator[tuple[Part, bytes]]:
    """Yield the files that stand in a text uuencoded, each as a part of its own; the text keeps them.

    Only in a text that stands in the message as it is: a part is a slice of it.
    """
    if part.encoding not in transfer.IDENTITY or raw.find(b"\nbegin", max(0, part.body_start - 1), part.end) < 0:
        return  # without the blank behind it, which makes it four times as slow to look for
    for called, start, end in islice(_uu_files(raw, part.body_start, part.end), MAX_PARTS):
        octets, is_sound = transfer.decode(raw, "x-uuencode", start, end)
        if is_sound:
            name = _CONTROLS.sub("", decode(called, "")).strip()
            yield Part(
                part.path, "application/octet-stream", "", "x-uuencode", "attachment", name, "",
                start, start, end,
            ), octets  # fmt: skip


def _uu_files(raw: bytes, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each, where it begins, and where what follows it does."""
    while begin := _UU_BEGIN.search(raw, start, stop):
        end = start = begin.end()
        while lines := _UU_LINES.match(raw, end, stop):
            end = lines.end()
        if end > start and (last := _UU_END.match(raw, end, stop)):
            yield begin["name"], begin.start(), last.end()
            end = last.end()
        start = end
