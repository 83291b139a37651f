"""One HTML body: which of its words a person sees, by the elements around them and their styles."""

from collections.abc import Container, Mapping
from dataclasses import replace
from functools import partial

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_ahead, html_colour, html_line
from gatepost.verify.reading.html_allowance import Allowance
from gatepost.verify.reading.html_cover import Covers
from gatepost.verify.reading.html_drawing import covers
from gatepost.verify.reading.html_import import linked
from gatepost.verify.reading.html_media import is_for_us
from gatepost.verify.reading.html_node import Node
from gatepost.verify.reading.html_open import CLOSES_ITSELF, FORMATTING, Open, is_quote
from gatepost.verify.reading.html_scan import RAW_TEXT, VOID, Comment, End, Start, Text, scan
from gatepost.verify.reading.html_sheet import Sheet, names_of
from gatepost.verify.reading.html_stacks import Stacks
from gatepost.verify.reading.html_state import MAX_KEPT, Endings, Op, State, Step, key_of
from gatepost.verify.reading.html_style import Look, Looks, look_below
from gatepost.verify.reading.html_unshown import unshown
from gatepost.verify.reading.html_value import Variables
from gatepost.verify.reading.html_walk import walk
from gatepost.verify.reading.html_writing import BREAKS, Views, Writing
from gatepost.verify.reading.marks import Marks

MAX_CHARS = 2_000_000
"""HTML beyond this is not read; nobody reads it either."""

_OF_HEAD = frozenset({"style", "title", "meta", "link", "base", "script"})
_RAW_SHOWN = frozenset({"textarea", "xmp", "plaintext"})
_PLAIN_LOOK = Look()
_BASES = ("html", "body")


def read(source: str, offset: int, marks: Marks, allowance: Allowance | None = None) -> Views:
    """Read a document; linear, never raises. ``offset``: where it begins in the text that spans count in."""
    allowance = allowance or Allowance()
    is_cut = len(source) > MAX_CHARS
    source = source[:MAX_CHARS]
    ahead = html_ahead.look_ahead(source)
    covers = Covers(allowance) if ahead.may_cover else None
    kept = marks.kept() if covers is not None else None

    def views(covers: Covers | None, covered: Container[int]) -> Views:
        sheet = Sheet(len(source), is_quirky=ahead.is_quirky, allowance=allowance)
        page = Page(Writing(offset, marks, ahead.base), sheet, covers, covered)
        for token in scan(source) if ahead.has_late_parts else ():
            page.look_ahead(token)
        is_whole = walk(page, source, is_ahead=ahead.has_late_parts)
        return page.views(is_cut=is_cut or not is_whole)

    found = views(covers, frozenset())
    covered = covers.covered() if covers is not None else frozenset()
    if covers is not None and kept is not None and covered:
        marks.return_to(kept)
        found = views(None, covered)
    return replace(found, is_cut=True) if covers is not None and covers.is_tired else found


class Page:
    """The open elements, as far as visibility needs them.

    Simplified from the HTML standard: end tags close up to their element within the table cell; a ``p`` ends at the
    next block; formatting that hides is reopened, once per tag name, so that misnesting cannot show hidden text.
    """

    def __init__(self, writing: Writing, sheet: Sheet, covers: Covers | None, covered: Container[int]) -> None:
        self.writing = writing
        self._covers, self._covered = covers, covered
        self._stacks = Stacks()
        self._open = self._stacks.open
        self._look = self._root = _PLAIN_LOOK
        self._hidden_by: Technique | None = None
        self._raw_hidden_by: Technique | None = None
        self._sheet = sheet
        self._looks = Looks(sheet.animations)
        root = Node("html", {}, ["html"], None)
        self._bases = {"html": root, "body": Node("body", {}, ["body"], root)}
        self._is_begun = False
        self._style_tag: Start | None = None
        self._quotation: Open | None = None  # the blockquote that the document begins with
        self.at = self._stacks.state  # where the reading is, which may be ahead of the stacks
        self.may_step = covers is None  # whether what a tag did in a place is what it does there
        self.left, self._endings = MAX_KEPT, Endings()
        self._knowing: list[State] = []  # where something is kept
        self._told: list[Op] = []

    def views(self, *, is_cut: bool) -> Views:
        """End the document."""
        self._go()
        if any(element is self._quotation for element in self._open):
            self.writing.end_quotation()
        for state in self._knowing:
            state.forget()  # at once: a collector would find these rings only after many more messages
        is_cut = self.writing.unread(self._sheet.unread, is_tired=self._sheet.is_tired) or is_cut
        return self.writing.views(is_cut=is_cut)

    def look_ahead(self, token: Start | End | Text | Comment) -> None:
        """Take what speaks of the whole document, wherever it stands."""
        if isinstance(token, Start):
            self._style_tag = token
            if token.tag == "link":
                self.linked(token.attributes)
            if token.tag in _BASES:
                node = self._bases[token.tag]
                node.attributes = {**token.attributes, **node.attributes}
        elif isinstance(token, Text) and token.raw_of == "style":
            self.sheet(token)

    def start(self, start: Start) -> Step | None:
        """Open an element; return what that does wherever it stands, if that is known."""
        key = None
        if self.may_step and self._is_begun and not self.at.is_live:
            key = key_of(start, asks_names=self._stacks.above is not None, asks_values=self._sheet.asks_values)
        if key is not None and (step := self.at.steps.get(key)) is not None:
            self.at = step.to
            step.take(self.writing, start)
            return step
        self._go()
        here, self._told = self.at, []
        before, begins = self._start(start)
        self.at = self._stacks.state
        if key is None or not self.may_step or not self.left or self.at.is_live:
            return None
        self.keep(here)
        step = here.steps[key] = Step(self.at, before, self._told, begins)
        return step

    def _do(self, op: Op) -> None:
        """Tell the writing something, and keep it."""
        op()
        self._told.append(op)

    def _start(self, start: Start) -> tuple[list[Op], bool]:
        """Open an element that is not known; return what was told before its attributes, and whether it begins."""
        tag, attributes = start.tag, start.attributes
        if tag in _BASES:
            if self._stacks.places.get(tag) or self._awaits(start):
                return [], False
            attributes = self._bases[tag].attributes
        elif not self._is_begun:
            self._precede(start)
        level = BREAKS.get(tag)
        if level is not None:
            self._close_down_to(self._stacks.within("p"))
            self._break(level)
        if tag in CLOSES_ITSELF:
            self._close_down_to(self._stacks.sibling_of(tag))
        before, self._told = self._told, []
        if attributes:
            self.writing.attributes(start)
        node = self._node_of(tag, attributes) if self._stacks.above is not None else None
        if tag in VOID or tag in RAW_TEXT:
            self._childless(tag, attributes, node)
            return before, False
        look = self._look_of(tag, attributes, node)
        is_same = look is self._look
        hidden_by = self._hidden_by if is_same else look.hidden_by
        own = look if not is_same and tag in FORMATTING else None
        is_quoting = bool(attributes) and is_quote(tag, attributes)
        self._push(Open(tag, look, hidden_by, own, attributes, is_quoting, node))
        if look.gone is None:
            self.writing.begin(start)
        if start.is_closed:
            self._end_closed(tag, attributes)
        return before, look.gone is None

    def _awaits(self, start: Start) -> bool:
        """Keep what one of the page's own elements says; tell whether it opens later, by what the head's sheets say."""
        base = self._bases[start.tag]
        base.attributes = {**start.attributes, **base.attributes}
        if self._is_begun:
            return False
        self.writing.attributes(start)
        if start.tag == "body":
            self._begin()
        return True

    def _break(self, level: int) -> None:
        """End the line that stands before a block."""
        self._do(partial(self.writing.break_, level, is_there=self._look.gone is None))
        if self._look.place is not None and self._open:
            html_line.holder_of(self._open).end_line()

    def _end_closed(self, tag: str, attributes: Mapping[str, str]) -> None:
        """End an element of a drawing with its own tag, and let a shape lie behind what comes after it."""
        if not self._stacks.is_drawn:
            return
        self._close_down_to(len(self._open) - 1)
        fill = covers(tag, attributes)
        if fill and self._open:
            shade = html_colour.read(fill, self._look.background)
            self._look = self._open[-1].look = self._look._replace(background=shade)

    def _childless(self, tag: str, attributes: Mapping[str, str], node: Node | None) -> None:
        """Take an element that opens nothing."""
        if tag == "col":
            self._look_of(tag, attributes, node)
        elif tag == "br":
            self._do(partial(self.writing.line_end, is_there=self._look.gone is None))
            if self._covers is not None:
                self._covers.line_end()
            if self._look.place is not None and self._open:
                html_line.holder_of(self._open).end_line(is_empty=True)
        elif tag == "hr" and self._covers is not None and not self._covers.is_tired:
            self._covers.begin(tag, self._look_of(tag, attributes, node), self._look, attributes)
            self._covers.end()
        elif tag in _RAW_SHOWN:
            self._raw_hidden_by = self._look_of(tag, attributes, node).hidden_by

    def _precede(self, start: Start) -> None:
        """Take note of the first elements, which stand in the head or else begin the body."""
        if start.tag == "style":
            self._style_tag = start
        elif start.tag not in _OF_HEAD and start.tag != "head":
            self._begin()

    def _begin(self) -> None:
        """Open the page's own elements where nobody wrote them, if something is said of them."""
        self._is_begun = True
        if self._stacks.above is None and not any(node.attributes for node in self._bases.values()):
            return
        self.end("head")
        for tag in _BASES:
            self.start(Start(tag, {}, 0, 0))

    def _node_of(self, tag: str, attributes: Mapping[str, str]) -> Node:
        names = names_of(tag, attributes, is_quirky=self._sheet.is_quirky)
        if tag in _BASES:
            node = self._bases[tag]
            node.attributes, node.names = attributes, names
            return node
        parent = (self._open[-1].node if self._open else None) or self._bases["body"]
        node = Node(tag, attributes, names, parent)
        if self._is_begun and self._sheet.asks_places:  # what stands in the head is no part of the body
            parent.take(node)
        return node

    def _look_of(self, tag: str, attributes: Mapping[str, str], node: Node | None) -> Look:
        parent = self._look_of_summary() if tag == "summary" else self._look
        look = parent
        if node is not None and self._stacks.above is not None:
            sheet = self._sheet.style_of(node, self._stacks.above)
            look = look_below(parent, tag, attributes, sheet, self._looks)
        elif attributes or tag == "dialog":
            look = look_below(parent, tag, attributes)
        said = look.said.style if look is not self._look else {}
        gone = Technique.VISIBILITY_HIDDEN if self._stacks.tables.take(tag, attributes, said, len(self._open)) else None
        self.may_step = self.may_step and not self._stacks.tables.has_columns
        if look.gone is None:
            is_drawn = self._stacks.is_drawn
            gone = unshown(tag, attributes, is_drawn=is_drawn) or gone
            return look if gone is None else look._replace(gone=gone)
        return look

    def _look_of_summary(self) -> Look:
        """Return how a summary looks: it is all that shows of closed details."""
        if not self._open or self._open[-1].tag != "details":
            return self._look
        return self._open[-2].look if len(self._open) > 1 else self._root

    def _push(self, element: Open) -> None:
        if element.look.place is not None:
            html_line.place_in_line(element, self._open, self._look.said)
        if self._covers is not None and self._covers.is_tired:
            self._covers = None
        if self._covers is not None:
            self._covers.begin(element.tag, element.look, self._look, element.attributes)
            if element.node is not None and self._stacks.above is not None:
                for style in self._sheet.generated(element.node, self._stacks.above):
                    self._covers.write(element.look, style, self._looks)
        is_quotation = element.tag == "blockquote" and self._quotation is None and self.writing.is_empty
        is_table = self._stacks.tables.is_entered(len(self._open))
        state = State(element, self._stacks.state, is_live=is_quotation, is_table=is_table)
        self._stacks.put(element, state)
        self._look, self._hidden_by = element.look, element.hidden_by
        if is_quotation:
            self._quotation = element
        if element.is_quote:
            self._do(partial(self.writing.quote, is_on=True))

    def _go(self) -> None:
        """Bring the stacks to where the reading is; steps that were known left them behind."""
        if self.at is not self._stacks.state:
            self._stacks.go(self.at)
            self._see()

    def _see(self) -> None:
        """Look from inside of the element that was opened last."""
        last = self._open[-1] if self._open else None
        self._look, self._hidden_by = (last.look, last.hidden_by) if last is not None else (self._root, None)

    def end(self, tag: str) -> Step | None:
        """Close an element; return what that does wherever it stands, if that is known."""
        if tag in _BASES:
            return None
        key, here = f"/{tag}", self.at
        step = here.ended(tag, self._endings, self.writing) or here.steps.get(key) if self.may_step else None
        if step is not None:
            self.at = step.to
            step.take(self.writing)
            return step
        self._go()
        self._told = []
        self._end(tag)
        self.at = self._stacks.state
        if not self.may_step or not self.left or here.is_live:
            return None
        self.keep(here)
        step = here.steps[key] = Step(self.at, self._told)
        return step

    def keep(self, here: State) -> None:
        """Take note that one thing more is kept of what is open somewhere."""
        self.left -= 1
        if not here.steps and not here.runs:
            self._knowing.append(here)

    def _end(self, tag: str) -> None:
        """Close an element, and what is open inside it; what follows on the page's own end still is on the page."""
        if self._stacks.places.get(tag):
            self._close_down_to(self._stacks.ended_by(tag))
        elif tag in BREAKS:
            self._do(partial(self.writing.break_, BREAKS[tag], is_there=self._look.gone is None))

    def _close_down_to(self, at: int) -> None:
        if at >= len(self._open):
            return
        reopened: dict[str, Open] = {}
        while len(self._open) > at:
            if self._covers is not None:
                self._covers.end()
            element = self._stacks.drop()
            self._see()
            self._closed(element)
            if element.own is not None and element.hidden_by is not None and len(self._open) > at:
                reopened.setdefault(element.tag, element)
        for element in reversed(reopened.values()):
            self._push(element)

    def _closed(self, element: Open) -> None:
        if self._look.place is not None and self._open:
            self._open[-1].take_in(element)
        if element is self._quotation:
            self.writing.end_quotation()
            self._quotation = None if self.writing.is_empty else element
        if element.is_quote:
            self._do(partial(self.writing.quote, is_on=self._stacks.quotes > 0))
        if element.look.gone is None:
            self._do(partial(self.writing.end, element.tag))
        level = BREAKS.get(element.tag)
        if level is not None:
            self._do(partial(self.writing.break_, level, is_there=self._look.gone is None))

    def text(self, token: Text) -> None:
        """Take text where it belongs."""
        raw_of, state = token.raw_of, self.at
        if self.may_step and self._is_begun and not (raw_of or state.is_live):
            self._write(token, state.hidden_by, is_preformatted=state.is_preformatted)
            return
        self._go()
        if not self._is_begun and not raw_of and not token.text.isspace():
            self._begin()
        if not raw_of:
            is_preformatted = bool(self._stacks.places.get("pre"))
            if self._look.place is None or not self._open or token.text.isspace():
                self._write(token, self._hidden_by, is_preformatted=is_preformatted)
                return
            for piece, hidden_by in html_line.pieces(token, self._open, is_preformatted=is_preformatted):
                self._write(piece, hidden_by, is_preformatted=is_preformatted)
        elif raw_of in _RAW_SHOWN:
            self.writing.text(token, self._raw_hidden_by, is_preformatted=True)
        else:
            technique = Technique.META if raw_of == "title" else Technique.NOT_RENDERED
            self.writing.text(token, technique, is_preformatted=False)

    def _write(self, token: Text, hidden_by: Technique | None, *, is_preformatted: bool) -> None:
        """Write words down, unless something lies upon them."""
        if hidden_by is None and token.start in self._covered:
            hidden_by = Technique.CLIPPED
        if self._covers is not None and not token.text.isspace():
            self._covers.text(token.start, token.text, self._look, is_seen=hidden_by is None)
        self.writing.text(token, hidden_by, is_preformatted=is_preformatted)

    def sheet(self, token: Text) -> None:
        """Take a style sheet, if it is one for screens."""
        if is_for_us(self._style_tag.attributes if self._style_tag is not None else {}):
            self._read(token.text)

    def linked(self, attributes: Mapping[str, str]) -> None:
        """Take a style sheet that a link carries in its address."""
        if source := linked(attributes):
            self._read(source)

    def _read(self, source: str) -> None:
        self._go()
        self.may_step = self.may_step and not self._is_begun
        self._sheet.read(source)
        self.may_step = self.may_step and not self._sheet.asks_places
        self._stacks.name()
        if self._sheet.registered and self._root is _PLAIN_LOOK:
            self._root = Look(variables=Variables(self._sheet.registered, None))
            for element in self._open:
                element.look = element.look._replace(variables=self._root.variables)
            self._see()
