"""The whole reading of one message: chooses what is shown, gathers both views and every difference."""

import re
from typing import NamedTuple

from gatepost.mail import fields, kinds, mime
from gatepost.mail.charset import decode
from gatepost.mail.fields import Header
from gatepost.mail.mime import Leaf, Tree
from gatepost.verify.paper import Attachment, ModelView, Reading, Technique
from gatepost.verify.reading import characters, domains, escapes, headers, html_page, quotes
from gatepost.verify.reading.compare import Shown, note_mismatch
from gatepost.verify.reading.html_allowance import Allowance
from gatepost.verify.reading.marks import Marks

MAX_TEXT_CHARS = 2_000_000
_GAP_OCTETS = 100_000
_SENTENCE_WORDS = 3
_JOINED_WORDS = 6
"""Words of a file's name, the ending among them, that are joined by other signs than spaces."""
_JOINTS = str.maketrans("_-.", "   ")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_GAP_CHARS = 20
"""Shorter preambles are no more than "This is a multi-part message"."""
_UTF_8 = frozenset({"utf-8", "utf8"})
_CHARACTER_OCTETS = 4
"""Of UTF-8, at the most: and more than of a line end, which is read as one character."""
_CUSTOMARY = ("this is a multi-part message in mime format", "this is a multipart message in mime format")


class Bodies(NamedTuple):
    """A reading with what it was made from: subject as shown, text and HTML as written, and the decoded leaves."""

    subject: str
    plain: str
    html: str
    reading: Reading
    leaves: tuple[Leaf, ...]


class _Views:
    """The texts of a message, part by part."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.plain: list[str] = []
        self.html: list[str] = []
        self.human: list[str] = []
        self.model: list[str] = []
        self.quoted: list[str] = []
        self.unshown: list[tuple[str, int, int]] = []
        self.is_cut = False
        self.quotations = 0
        self.has_unshown_text = False
        self._plain_at = 0
        self._plain_room = {True: MAX_TEXT_CHARS, False: MAX_TEXT_CHARS}
        self._html_at = 0
        self._html_room = {True: MAX_TEXT_CHARS, False: MAX_TEXT_CHARS}
        self._allowance = Allowance()

    def take(self, leaf: Leaf, *, is_shown: bool, is_compared: bool) -> None:
        """Read a body; one that is not shown is only compared; where any is compared, it is with all of the plain."""
        if leaf.content_type != "text/plain":
            self._take_html(readable(leaf, self._html_room[is_shown]).text, is_shown=is_shown)
        elif is_compared:
            self._take_plain(leaf.text, is_shown=is_shown)
        else:
            self._take_plain(readable(leaf, self._plain_room[is_shown]).text, is_shown=is_shown)

    def _take_plain(self, text: str, *, is_shown: bool) -> None:
        room = self._plain_room[is_shown]
        self._plain_room[is_shown] = max(0, room - len(text))
        self.is_cut = self.is_cut or len(text) > room
        shown = characters.clean(text[:room], "text", self._plain_at, self.marks)
        self.plain.append(text)
        self._plain_at += len(text) + 1
        self.has_unshown_text = self.has_unshown_text or not is_shown
        if is_shown:
            self.human.append(shown)
            self.model.append(escapes.text(shown))

    def _take_html(self, source: str, *, is_shown: bool) -> None:
        """Read a document as far as there is room; each costs many times what plain text of its size does."""
        room = self._html_room[is_shown]
        self._html_room[is_shown] = max(0, room - len(source))
        self.is_cut = self.is_cut or len(source) > room
        source = source[:room]
        views = html_page.read(source, self._html_at, self.marks, self._allowance)
        self.html.append(source)
        self._html_at += len(source) + 1
        self.is_cut = self.is_cut or views.is_cut
        if is_shown:
            self.human.append(views.human)
            self.model.append(views.model)
            self.quoted.append(views.quoted)
            self.quotations += views.is_one_quotation
        else:
            self.unshown.append((views.human, self._html_at - len(source) - 1, self._html_at - 1))


def read(raw: bytes, header: Header) -> Bodies:
    """Read a message; total and linear."""
    marks = Marks()
    subject = headers.subject_of(header, marks)
    headers.note(header, marks)
    tree = mime.read(raw, header)
    for part in tree.parts:
        if part.header_start:  # the message's own header was read above
            headers.note(fields.split(raw[part.header_start : part.body_start]), marks)
    chosen = _shown(tree)
    views = _Views(marks)
    bodies = [
        (leaf, leaf.alternative is None or chosen[leaf.alternative] == leaf.number)
        for leaf in tree.leaves
        if leaf.is_body
    ]
    is_compared = any(leaf.content_type != "text/plain" or not is_shown for leaf, is_shown in bodies)
    for leaf, is_shown in bodies:
        views.take(leaf, is_shown=is_shown, is_compared=is_compared)
    human = "\n".join(views.human)[:MAX_TEXT_CHARS]
    plain = "\n".join(views.plain)
    shown = Shown(human)
    if plain and (views.html or views.has_unshown_text):
        note_mismatch(plain, shown, marks)
    for words, start, end in views.unshown:
        _note_unshown(words, shown, start, end, marks)
    characters.note_lookalikes(human, marks)
    for start, end in domains.lookalikes(human):
        marks.add(Technique.HOMOGLYPH_DOMAIN, "human", start, end, human[start:end])
    model = _model_view(views, marks)
    _note_gaps(raw, tree, marks)
    attachments = tuple(_attachment(leaf, marks) for leaf in tree.leaves if leaf.is_listed)
    is_cut = views.is_cut or marks.is_cut or max(len(human), len(plain)) >= MAX_TEXT_CHARS
    reading = Reading(
        human=human,
        model=model,
        spans=tuple(marks.spans),
        attachments=attachments,
        parts=tree.parts,
        is_malformed=tree.is_malformed,
        used_fallback=tree.used_fallback,
        is_cut=is_cut,
    )
    html = "\n".join(views.html)
    return Bodies(subject, plain[:MAX_TEXT_CHARS], html[:MAX_TEXT_CHARS], reading, tree.leaves)


def readable(leaf: Leaf, room: int) -> Leaf:
    """Return the leaf with as much of a long content as is sure to be more than ``room`` characters of text.

    The text is the same so far. One character outside of ASCII has all others take two or four octets in memory: of
    25 MB in one go that were 70.
    """
    most = _CHARACTER_OCTETS * (room + 3)  # a mark at the beginning is no text, and the last one may be cut
    if len(leaf.content) <= most or leaf.is_joined or leaf.part.charset.lower() not in _UTF_8:
        return leaf
    return leaf._replace(content=leaf.content[:most])


def _note_unshown(words: str, shown: Shown, start: int, end: int, marks: Marks) -> None:
    """Note what an HTML body says that is not the one shown."""
    found = Marks()
    note_mismatch(words, shown, found)
    for span in found.spans:
        marks.add(span.technique, "html", start, end, span.text)


def _shown(tree: Tree) -> dict[str, int]:
    """Return which leaf of each alternative is shown: the last HTML, else the last text (RFC 2046 section 5.1.4)."""
    chosen: dict[str, Leaf] = {}
    for leaf in tree.leaves:
        if leaf.is_body and leaf.alternative is not None and leaf.content.strip():
            before = chosen.get(leaf.alternative)
            if before is None or leaf.content_type == "text/html" or before.content_type == "text/plain":
                chosen[leaf.alternative] = leaf
    return {path: leaf.number for path, leaf in chosen.items()} | {
        leaf.alternative: 0 for leaf in tree.leaves if leaf.alternative is not None and leaf.alternative not in chosen
    }


def _model_view(views: _Views, marks: Marks) -> ModelView:
    text = "\n\n".join(part for part in views.model if part)
    if views.quotations == len(views.human) == 1 and not any(views.quoted):
        return ModelView(
            escapes.underlines(text[:MAX_TEXT_CHARS])
        )  # what is nothing but a quotation is what this author wants read
    own, history, signature = quotes.split(text[:MAX_TEXT_CHARS])
    quoted = "\n\n".join(part for part in (history, *views.quoted) if part.strip(" \n>"))[:MAX_TEXT_CHARS]
    if quoted and not own.strip(" \n>"):
        own, quoted = quoted, ""  # nothing but a quotation: that is what this author wants read
    if quoted:
        marks.add(Technique.QUOTED_HISTORY, "quoted", 0, len(quoted), quoted)
    return ModelView(*map(escapes.underlines, (own, quoted, signature)))


def _note_gaps(raw: bytes, tree: Tree, marks: Marks) -> None:
    for gap in tree.gaps:
        text = decode(raw[gap.start : min(gap.end, gap.start + _GAP_OCTETS)], "").strip()
        if len(text) > _GAP_CHARS and text.lower().rstrip(".").strip() not in _CUSTOMARY:
            shown = characters.clean(text, gap.kind, 0, marks)
            marks.add(
                Technique.PREAMBLE if gap.kind == "preamble" else Technique.EPILOGUE, gap.kind, 0, len(text), shown
            )


def _attachment(leaf: Leaf, marks: Marks) -> Attachment:
    is_sentence = len(leaf.filename.split()) >= _SENTENCE_WORDS
    is_joined = not is_sentence and len(_LETTERS.findall(leaf.filename[:1_000])) >= _JOINED_WORDS
    name = leaf.filename.translate(_JOINTS) if is_joined else leaf.filename
    place = f"file-name:{leaf.number}"
    shown = characters.clean(name, place, 0, marks)  # what turns ``exe.pdf`` round is told of in any name
    if is_sentence or is_joined:
        marks.add(Technique.FILE_NAME, place, 0, len(leaf.filename), shown)
    start = kinds.begins(leaf.content)
    return Attachment(leaf.number, leaf.filename, leaf.content_type, len(leaf.content), begins=start)
