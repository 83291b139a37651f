"""One HTML body: which of its words a person sees, by the elements around them and their styles."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_media
from gatepost.verify.reading.html_condition import NO_KIN, Kin
from gatepost.verify.reading.html_scan import RAW_TEXT, Comment, End, Start, Text, scan
from gatepost.verify.reading.html_sheet import Children, Sheet, names_of
from gatepost.verify.reading.html_style import Look, Looks, look_below
from gatepost.verify.reading.html_writing import BREAKS, Views, Writing
from gatepost.verify.reading.marks import Marks

MAX_CHARS = 2_000_000
"""HTML beyond this is not read; nobody reads it either."""

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_OF_HEAD = frozenset({"style", "title", "meta", "link", "base", "script"})
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
"""What the HTML standard reopens after a block closed over it (section 13.2.4.3)."""
_SCOPES = frozenset({"table", "td", "th", "caption", "template", "object", "marquee"})
_CLOSES_ITSELF = {"li": ("ul", "ol"), "option": ("select",), "tr": ("table",), "td": ("table",), "th": ("table",)}
"""Elements whose next of the same kind ends them, unless one of these has been opened in between."""
_NEVER_SHOWN = {
    "template": Technique.NOT_RENDERED, "noscript": Technique.NOT_RENDERED,
    "datalist": Technique.FORM_VALUE, "select": Technique.FORM_VALUE, "audio": Technique.NOT_RENDERED,
    "video": Technique.NOT_RENDERED, "canvas": Technique.NOT_RENDERED, "object": Technique.NOT_RENDERED,
    "rp": Technique.NOT_RENDERED,
}  # fmt: skip
_NEVER_DRAWN = frozenset({"desc", "defs", "metadata", "symbol", "clippath", "annotation", "annotation-xml", "mask"})
"""Inside a drawing or a formula."""
_NOTHING = frozenset({"0", "0px", "0%", "1", "1px"})
_RAW_SHOWN = frozenset({"textarea", "xmp", "plaintext"})
_QUOTING_CLASSES = re.compile(r"\b(?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote|zmail_extra)\b")
_QUOTING_IDS = frozenset({"divrplyfwdmsg", "olk_src_body_section", "reply-intro", "appendonsend"})
_PLAIN_LOOK = Look()


def read(source: str, offset: int, marks: Marks) -> Views:
    """Read a document; linear, never raises. ``offset``: where it begins in the text that spans count in."""
    page = _Page(Writing(offset, marks))
    is_cut = len(source) > MAX_CHARS
    source = source[:MAX_CHARS]
    is_styled = _has_late_sheet(source)
    if is_styled:
        for token in scan(source):
            page.style(token)
    for token in scan(source):
        match token:
            case Text(raw_of="style"):
                page.writing.sheet(token)
                if not is_styled:
                    page.style(token)
            case Text():
                page.text(token)
            case Start():
                page.style(token)
                page.start(token)
            case End():
                page.end(token.tag)
            case Comment():
                page.writing.comment(token)
    return page.views(is_cut=is_cut)


def _is_for_screens(attributes: Mapping[str, str]) -> bool:
    """Tell whether a browser takes a style element: one for screens, of CSS (HTML standard section 4.2.6)."""
    kind = attributes.get("type", "").strip().lower()
    return kind in {"", "text/css"} and html_media.holds(attributes.get("media", ""))


def _has_late_sheet(source: str) -> bool:
    """Tell whether a style sheet may speak of what stands above it; in the head none does."""
    lowered = source.lower()
    return lowered.find("<body") < lowered.rfind("<style")


@dataclass(slots=True)
class _Open:
    """An element that has not ended. ``own``: its look, where it is formatting that may have to be reopened."""

    tag: str
    look: Look
    hidden_by: Technique | None
    own: Look | None
    attributes: Mapping[str, str]
    is_quote: bool
    children: Children | None = None


class _Page:
    """The open elements, as far as visibility needs them.

    Simplified from the HTML standard: end tags close up to their element within the table cell; a ``p`` ends at the
    next block; formatting that hides is reopened, once per tag name, so that misnesting cannot show hidden text.
    """

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self._open: list[_Open] = []
        self._places: dict[str, list[int]] = {}
        self._scopes: list[int] = []
        self._quotes = 0
        self._look = _PLAIN_LOOK
        self._hidden_by: Technique | None = None
        self._raw_hidden_by: Technique | None = None
        self._sheet = Sheet()
        self._is_sheet_taken = True
        self._looks = Looks()
        self._rootlings = Children()
        self._quotation: _Open | None = None  # the blockquote that the document begins with
        self._above: Counter[str] | None = None  # names of open elements, once a sheet may ask for them

    def views(self, *, is_cut: bool) -> Views:
        """End the document."""
        if any(element is self._quotation for element in self._open):
            self.writing.end_quotation()
        return self.writing.views(is_cut=is_cut or self._sheet.is_cut)

    def start(self, start: Start) -> None:
        """Open an element."""
        tag, attributes = start.tag, start.attributes
        level = BREAKS.get(tag)
        if level is not None:
            self._close_within("p")
            self.writing.break_(level, is_there=self._look.gone is None)
        if tag in _CLOSES_ITSELF:
            self._close_sibling(tag)
        if attributes:
            self.writing.attributes(start)
        kin = self._kin_of(tag, attributes)
        if tag in _VOID or tag in RAW_TEXT:
            if tag == "br":
                self.writing.line_end(is_there=self._look.gone is None)
            elif tag in _RAW_SHOWN:
                self._raw_hidden_by = self._look_of(tag, attributes, kin).hidden_by
            return
        look = self._look_of(tag, attributes, kin)
        is_same = look is self._look
        hidden_by = self._hidden_by if is_same else look.hidden_by
        own = look if not is_same and tag in _FORMATTING else None
        self._push(_Open(tag, look, hidden_by, own, attributes, bool(attributes) and _is_quote(tag, attributes)))
        if look.gone is None:
            self.writing.begin(start)

    def _kin_of(self, tag: str, attributes: Mapping[str, str]) -> Kin:
        """Return what stands before an element, where a style sheet asks for it; the head is no part of the body."""
        if not self._sheet.asks_kin or (not self._open and tag in _OF_HEAD):
            return NO_KIN
        parent = self._open[-1] if self._open else None
        children = self._rootlings if parent is None else parent.children
        if children is None:
            children = Children()
            if parent is not None:
                parent.children = children
        return children.add(tag, names_of(tag, attributes))

    def _look_of(self, tag: str, attributes: Mapping[str, str], kin: Kin) -> Look:
        parent = self._look_of_summary() if tag == "summary" else self._look
        look = parent
        if self._above is not None:
            sheet = self._sheet.style_of(tag, attributes, self._above, kin)
            look = look_below(parent, tag, attributes, sheet, self._looks)
        elif attributes:
            look = look_below(parent, tag, attributes)
        if tag in _NEVER_SHOWN and look.gone is None:
            return look._replace(gone=_NEVER_SHOWN[tag])
        if tag in _NEVER_DRAWN and look.gone is None and (self._places.get("svg") or self._places.get("math")):
            return look._replace(gone=Technique.NOT_RENDERED)
        if tag == "svg" and look.gone is None and {attributes.get("width"), attributes.get("height")} & _NOTHING:
            return look._replace(gone=Technique.CLIPPED)
        if tag in {"details", "dialog"} and "open" not in attributes and look.gone is None:
            return look._replace(gone=Technique.NOT_RENDERED)
        return look

    def _look_of_summary(self) -> Look:
        """Return how a summary looks: it is all that shows of closed details."""
        if not self._open or self._open[-1].tag != "details":
            return self._look
        return self._open[-2].look if len(self._open) > 1 else _PLAIN_LOOK

    def _push(self, element: _Open) -> None:
        at = len(self._open)
        self._open.append(element)
        self._places.setdefault(element.tag, []).append(at)
        self._look = element.look
        self._hidden_by = element.hidden_by
        if self._above is not None:
            self._above.update(names_of(element.tag, element.attributes))
        if element.tag in _SCOPES:
            self._scopes.append(at)
        if element.tag == "blockquote" and self._quotation is None and self.writing.is_empty:
            self._quotation = element
        if element.is_quote:
            self._quotes += 1
            self.writing.quote(is_on=True)

    def end(self, tag: str) -> None:
        """Close an element, and what is open inside it."""
        places = self._places.get(tag)
        if not places:
            if tag in BREAKS:
                self.writing.break_(BREAKS[tag], is_there=self._look.gone is None)
            return
        if self._scopes and tag not in _SCOPES and self._scopes[-1] > places[-1]:
            return  # an end tag cannot reach out of its table cell
        self._close_down_to(places[-1])

    def _close_within(self, tag: str) -> None:
        places = self._places.get(tag)
        if places and not (self._scopes and self._scopes[-1] > places[-1]):
            self._close_down_to(places[-1])

    def _close_sibling(self, tag: str) -> None:
        """End the list item, row or cell before this one, unless a list or table has been opened inside it."""
        places = self._places.get(tag)
        if not places:
            return
        if any(self._places.get(parent, [-1])[-1:] > places[-1:] for parent in _CLOSES_ITSELF[tag]):
            return
        self._close_down_to(places[-1])

    def _close_down_to(self, at: int) -> None:
        reopened: dict[str, _Open] = {}
        while len(self._open) > at:
            element = self._open.pop()
            self._places[element.tag].pop()
            if self._above is not None:
                self._above.subtract(names_of(element.tag, element.attributes))
            if element.tag in _SCOPES:
                self._scopes.pop()
            self._look, self._hidden_by = (
                (self._open[-1].look, self._open[-1].hidden_by) if self._open else (_PLAIN_LOOK, None)
            )
            self._closed(element)
            if element.own is not None and element.hidden_by is not None and len(self._open) > at:
                reopened.setdefault(element.tag, element)
        for element in reversed(reopened.values()):
            self._push(element)

    def _closed(self, element: _Open) -> None:
        if element is self._quotation:
            self.writing.end_quotation()
            self._quotation = None if self.writing.is_empty else element
        if element.is_quote:
            self._quotes -= 1
            self.writing.quote(is_on=self._quotes > 0)
        if element.look.gone is None:
            self.writing.end(element.tag)
        level = BREAKS.get(element.tag)
        if level is not None:
            self.writing.break_(level, is_there=self._look.gone is None)

    def text(self, token: Text) -> None:
        """Take text where it belongs."""
        raw_of = token.raw_of
        if not raw_of:
            self.writing.text(token, self._hidden_by, is_preformatted=bool(self._places.get("pre")))
        elif raw_of in _RAW_SHOWN:
            self.writing.text(token, self._raw_hidden_by, is_preformatted=True)
        else:
            technique = Technique.META if raw_of == "title" else Technique.NOT_RENDERED
            self.writing.text(token, technique, is_preformatted=False)

    def style(self, token: Start | End | Text | Comment) -> None:
        """Take a style sheet that a browser takes, and from each style element whether that is so."""
        if isinstance(token, Start):
            if token.tag == "style":
                self._is_sheet_taken = _is_for_screens(token.attributes)
        elif isinstance(token, Text) and token.raw_of == "style" and self._is_sheet_taken:
            self._sheet.read(token.text)
            if self._above is None:
                self._above = Counter(name for one in self._open for name in names_of(one.tag, one.attributes))


def _is_quote(tag: str, attributes: Mapping[str, str]) -> bool:
    """Tell whether an element holds history, by the marks that mail programs leave."""
    if tag == "blockquote" and attributes.get("type", "").lower() == "cite":
        return True
    if "id" in attributes and attributes["id"].lower() in _QUOTING_IDS:
        return True
    return tag == "div" and "class" in attributes and _QUOTING_CLASSES.search(attributes["class"]) is not None
