"""One HTML body: what a person sees of it, what a model is given, and the spans that only one of them reads."""

import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_attributes
from gatepost.verify.reading.characters import clean
from gatepost.verify.reading.flow import LINE, PARAGRAPH, Flow
from gatepost.verify.reading.html_scan import RAW_TEXT, Comment, End, Start, Text, scan
from gatepost.verify.reading.html_sheet import Sheet, names_of
from gatepost.verify.reading.html_style import Look, look_below
from gatepost.verify.reading.markdown import Markdown
from gatepost.verify.reading.marks import Marks

MAX_CHARS = 2_000_000
"""HTML beyond this is not read; nobody reads it either."""

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "center", "dd", "details", "div", "dt", "fieldset", "figcaption", "figure",
        "footer", "form", "header", "legend", "li", "main", "nav", "section", "summary", "table", "tr", "caption",
        "body", "tbody", "thead", "tfoot", "option",
    }
)  # fmt: skip
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "dl", "hr", "ol", "ul", "pre", "listing", "xmp"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
"""What the HTML standard reopens after a block closed over it (section 13.2.4.3)."""
_SCOPES = frozenset({"table", "td", "th", "caption", "template", "object", "marquee"})
_CLOSES_ITSELF = {"li": "li", "tr": "tr", "option": "option", "td": "td", "th": "th"}
_NEVER_SHOWN = {
    "head": Technique.META, "template": Technique.NOT_RENDERED, "noscript": Technique.NOT_RENDERED,
    "datalist": Technique.FORM_VALUE, "select": Technique.FORM_VALUE, "audio": Technique.NOT_RENDERED,
    "video": Technique.NOT_RENDERED, "canvas": Technique.NOT_RENDERED, "object": Technique.NOT_RENDERED,
}  # fmt: skip
_RAW_SHOWN = frozenset({"", "textarea", "xmp", "plaintext"})
_QUOTING_CLASSES = re.compile(r"\b(?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote|zmail_extra)\b")
_QUOTING_IDS = frozenset({"divrplyfwdmsg", "olk_src_body_section", "reply-intro", "appendonsend"})
_NO_PROSE = re.compile(
    r"""!doctype(?:\s+html)?(?:\s+public\s+"[^"]{0,200}"(?:\s+"[^"]{0,200}")?)?\s*
      | !?\[(?:if[^\]]{0,80}|endif)\](?:--)? | \?xml[^>]{0,100}""",
    re.IGNORECASE | re.VERBOSE,
)
_MARKUP = re.compile(r"<style\b.*?(?:</style>|\Z)|<!?\[[^\]]{0,80}\]|<[^<>]*>|\[(?:if|endif)[^\]]{0,80}\]>?", re.DOTALL)
_SHEET_COMMENT = re.compile(r"/\*(.*?)(?:\*/|\Z)", re.DOTALL)
_TWO_WORDS = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,}+\W++[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class Views:
    """One HTML document as seen by people and as given to models. ``is_cut``: it was too long to be read whole."""

    human: str
    model: str
    quoted: str
    is_cut: bool = False


@dataclass(slots=True)
class _Open:
    tag: str
    look: Look
    own: Look | None
    names: list[str]
    is_quote: bool = False


@dataclass(slots=True)
class _Link:
    target: str
    start: int
    end: int


def read(source: str, offset: int, marks: Marks) -> Views:
    """Read a document; linear, never raises. ``offset``: where it begins in the text that spans count in."""
    page = _Page(offset, marks)
    for token in scan(source[:MAX_CHARS]):
        match token:
            case Text():
                page.text(token)
            case Start():
                page.start(token)
            case End():
                page.end(token.tag)
            case Comment():
                page.comment(token)
    return page.views(is_cut=len(source) > MAX_CHARS)


class _Page:
    """The open elements, as far as visibility needs them.

    Simplified from the HTML standard: end tags close up to their element within the table cell; a ``p`` ends at the
    next block; formatting that hides is reopened, once per tag name, so that misnesting cannot show hidden text.
    """

    def __init__(self, offset: int, marks: Marks) -> None:
        self._human = Flow()
        self._model = Markdown()
        self._marks = marks
        self._offset = offset
        self._open: list[_Open] = []
        self._places: dict[str, list[int]] = {}
        self._scopes: list[int] = []
        self._quotes = 0
        self._above: Counter[str] = Counter()
        self._sheet = Sheet()
        self._link: _Link | None = None
        self._link_text: list[str] = []
        self._hidden: list[str] = []
        self._hidden_at = (0, 0)
        self._hidden_by: Technique | None = None

    def views(self, *, is_cut: bool) -> Views:
        """End the document."""
        self._end_link()
        self._end_hidden()
        own, quoted = self._model.texts()
        return Views(self._human.text(), own, quoted, is_cut)

    @property
    def _look(self) -> Look:
        return self._open[-1].look if self._open else Look()

    def start(self, start: Start) -> None:
        """Open an element."""
        tag, attributes = start.tag, start.attributes
        if tag in _BLOCKS or tag in _PARAGRAPHS:
            self._close_within("p")
            self._break(PARAGRAPH if tag in _PARAGRAPHS else LINE)
        if tag in _CLOSES_ITSELF:
            self._close_sibling(tag)
        if attributes:
            html_attributes.read(start, self._offset, self._marks)
        if tag == "br":
            self._take_line_end()
        if tag in _VOID or tag in RAW_TEXT:
            return
        names = names_of(tag, attributes)
        parent = self._look_of_summary() if tag == "summary" else self._look
        look = look_below(parent, tag, attributes, self._sheet.style_of(tag, attributes, self._above))
        if look.gone is None and (tag in _NEVER_SHOWN or (tag in {"details", "dialog"} and "open" not in attributes)):
            look = look._replace(gone=_NEVER_SHOWN.get(tag, Technique.NOT_RENDERED))
        own = look if tag in _FORMATTING and look is not self._look else None
        self._push(_Open(tag, look, own, names, _is_quote(tag, attributes)))
        if look.hidden_by is None:
            self._structure(start)

    def _look_of_summary(self) -> Look:
        """Return how a summary looks: it is all that shows of closed details."""
        if not self._open or self._open[-1].tag != "details":
            return self._look
        return self._open[-2].look if len(self._open) > 1 else Look()

    def _structure(self, start: Start) -> None:
        """Tell the writers about an element that is seen."""
        match start.tag:
            case "a":
                self._end_link()
                if "href" in start.attributes:
                    self._link = _Link(start.attributes["href"], start.start, start.end)
                    self._link_text = []
                    self._model.begin_link()
            case "ul" | "ol":
                self._model.begin_list(is_ordered=start.tag == "ol")
            case "li":
                self._model.item()
            case "table":
                self._model.begin_table(is_layout=start.attributes.get("role", "").lower() == "presentation")
            case "tr":
                self._model.row()
            case "td" | "th":
                self._human.space()
                self._model.cell()
            case tag if tag in _HEADINGS:
                self._model.heading(int(tag[1]))
            case _:
                pass

    def _push(self, element: _Open) -> None:
        at = len(self._open)
        self._open.append(element)
        self._places.setdefault(element.tag, []).append(at)
        self._above.update(element.names)
        if element.tag in _SCOPES:
            self._scopes.append(at)
        if element.is_quote:
            self._quotes += 1
            self._model.quote(is_on=True)

    def end(self, tag: str) -> None:
        """Close an element, and what is open inside it."""
        places = self._places.get(tag)
        if not places:
            if tag in _BLOCKS or tag in _PARAGRAPHS:
                self._break(PARAGRAPH if tag in _PARAGRAPHS else LINE)
            return
        if tag not in _SCOPES and self._scopes and self._scopes[-1] > places[-1]:
            return  # an end tag cannot reach out of its table cell
        self._close_down_to(places[-1])

    def _close_within(self, tag: str) -> None:
        places = self._places.get(tag)
        if places and not (self._scopes and self._scopes[-1] > places[-1]):
            self._close_down_to(places[-1])

    def _close_sibling(self, tag: str) -> None:
        """End the list item, row or cell before this one, unless a list or table has been opened inside it."""
        places = self._places.get(_CLOSES_ITSELF[tag])
        if not places:
            return
        parents = ("ul", "ol") if tag == "li" else ("select",) if tag == "option" else ("table",)
        if any(self._places.get(parent, [-1])[-1:] > places[-1:] for parent in parents):
            return
        self._close_down_to(places[-1])

    def _close_down_to(self, at: int) -> None:
        reopened: dict[str, _Open] = {}
        while len(self._open) > at:
            element = self._open.pop()
            self._places[element.tag].pop()
            self._above.subtract(element.names)
            self._closed(element)
            if element.tag in _SCOPES:
                self._scopes.pop()
            if len(self._open) > at and element.own is not None and element.own.hidden_by is not None:
                reopened.setdefault(element.tag, element)
        for element in reversed(reopened.values()):
            self._push(element)

    def _closed(self, element: _Open) -> None:
        """Tell the writers that an element has ended."""
        tag = element.tag
        if element.is_quote:
            self._quotes -= 1
            self._model.quote(is_on=self._quotes > 0)
        if element.look.hidden_by is None:
            match tag:
                case "a":
                    self._end_link()
                case "table":
                    self._model.end_table()
                case "ul" | "ol":
                    self._model.end_list()
                case "li":
                    self._model.end_block()
                case _ if tag in _HEADINGS:
                    self._model.end_block()
                case _:
                    pass
        if tag in _BLOCKS or tag in _PARAGRAPHS:
            self._break(PARAGRAPH if tag in _PARAGRAPHS else LINE)

    def _end_link(self) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        self._model.end_link(link.target)
        html_attributes.compare_link(
            "".join(self._link_text), link.target, self._offset + link.start, self._offset + link.end, self._marks
        )

    def _break(self, level: int) -> None:
        if self._look.hidden_by is None:
            self._human.break_(level)
            self._model.break_(level)
        if self._hidden:
            self._hidden.append("\n")

    def _take_line_end(self) -> None:
        if self._look.hidden_by is None:
            self._human.line_end()
            self._model.line_end()
        if self._hidden:
            self._hidden.append("\n")

    def text(self, token: Text) -> None:
        """Take text where it belongs; style sheets are read."""
        text, start, end, raw_of = token
        if raw_of == "style":
            self._sheet.read(text)
            self._note_sheet_comments(token)
            return
        hidden_by = self._look.hidden_by
        if raw_of not in _RAW_SHOWN:
            hidden_by = Technique.META if raw_of == "title" else Technique.NOT_RENDERED
        if not text.isascii():
            text = clean(text, "html", self._offset + start, self._marks, width=end - start)
        if hidden_by is not None:
            self._hide(hidden_by, text, start, end)
            return
        if self._hidden_by is not None and not text.isspace():
            self._end_hidden()
        is_preformatted = raw_of in {"textarea", "xmp", "plaintext"} or bool(self._places.get("pre"))
        self._human.write(text, is_preformatted=is_preformatted)
        self._model.write(text, is_preformatted=is_preformatted)
        if self._link is not None:
            self._link_text.append(text)

    def comment(self, comment: Comment) -> None:
        """Note a comment that says something; what only mail programs of old would show is one, too."""
        if _NO_PROSE.fullmatch(comment.text) is None:
            words = " ".join(html.unescape(_MARKUP.sub(" ", comment.text)).split())
            if _TWO_WORDS.search(words):
                start, end = self._offset + comment.start, self._offset + comment.end
                words = clean(words, "html", start, self._marks, width=end - start)
                self._marks.add(Technique.HTML_COMMENT, "html", start, end, words)

    def _note_sheet_comments(self, token: Text) -> None:
        for found in _SHEET_COMMENT.finditer(token.text) if "/*" in token.text else ():
            if len(_TWO_WORDS.findall(found[1])) > 1:
                start = self._offset + token.start
                self._marks.add(Technique.HTML_COMMENT, "html", start + found.start(), start + found.end(), found[1])

    def _hide(self, technique: Technique, text: str, start: int, end: int) -> None:
        if technique is not self._hidden_by:
            self._end_hidden()
            self._hidden_by = technique
        if not self._hidden:
            if text.isspace():
                return
            self._hidden_at = (start, end)
        self._hidden.append(text)
        self._hidden_at = (self._hidden_at[0], end)

    def _end_hidden(self) -> None:
        """Note the hidden text read last; what separates two of its pieces is nothing anybody sees."""
        if self._hidden and self._hidden_by is not None:
            start, end = self._hidden_at
            words = "\n".join(" ".join(line.split()) for line in "".join(self._hidden).split("\n") if line.strip())
            self._marks.add(self._hidden_by, "html", self._offset + start, self._offset + end, words)
        self._hidden = []
        self._hidden_by = None


def _is_quote(tag: str, attributes: Mapping[str, str]) -> bool:
    """Tell whether an element holds history, by the marks that mail programs leave."""
    if not attributes:
        return False
    if tag == "blockquote" and attributes.get("type", "").lower() == "cite":
        return True
    if attributes.get("id", "").lower() in _QUOTING_IDS:
        return True
    return tag == "div" and "class" in attributes and _QUOTING_CLASSES.search(attributes["class"]) is not None
