"""What becomes of an HTML body's words: the human view, the model's, or a span because nobody sees them."""

import html
import re
from dataclasses import dataclass
from functools import partial

from can_ada import URL

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_attributes, web_address
from gatepost.verify.reading.characters import clean
from gatepost.verify.reading.escapes import is_harmless
from gatepost.verify.reading.flow import LINE, PARAGRAPH, Flow, collapsed
from gatepost.verify.reading.html_scan import Comment, Start, Text
from gatepost.verify.reading.html_tokens import unescaped
from gatepost.verify.reading.markdown import Markdown
from gatepost.verify.reading.marks import Marks

BREAKS = dict.fromkeys(
    (
        "address", "article", "aside", "center", "dd", "details", "div", "dt", "fieldset", "figcaption", "figure",
        "footer", "form", "header", "legend", "li", "main", "nav", "section", "summary", "table", "tr", "caption",
        "body", "tbody", "thead", "tfoot", "option",
    ),
    LINE,
) | dict.fromkeys(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "dl", "hr", "ol", "ul", "pre", "listing", "xmp"), PARAGRAPH
)  # fmt: skip
"""Elements that stand on lines of their own, and how far apart from their neighbours."""
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
STRUCTURE = frozenset({"a", "ul", "ol", "li", "table", "tr", "td", "th"}) | _HEADINGS
_NO_PROSE = re.compile(
    r"""!doctype(?:\s+html)?(?:\s+public\s+"[^"]{0,200}"(?:\s+"[^"]{0,200}")?)?\s*
      | !?\[(?:if[^\]]{0,80}|endif)\](?:--)? | \?xml[^>]{0,100}""",
    re.IGNORECASE | re.VERBOSE,
)
_MARKUP = re.compile(r"<style\b.*?(?:</style>|\Z)|<!?\[[^\]]{0,80}\]|<[^<>]*>|\[(?:if|endif)[^\]]{0,80}\]>?", re.DOTALL)
_SHEET_COMMENT = re.compile(r"/\*(.*?)(?:\*/|\Z)", re.DOTALL)
_SHEET_WORDS = re.compile(r"(?:\bcontent|--[\w\-]{1,60})\s*+:([^;{}<>]{8,2000})")
"""What ``content:`` writes onto the page, and a custom property nowhere."""
_TWO_WORDS = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,}+\W++[^\W\d_]{2}")


MAX_UNREAD = 20


@dataclass(frozen=True, slots=True)
class Views:
    """One HTML document as seen by people and as given to models.

    Attributes:
        is_cut: it was too long to be read whole.
        is_one_quotation: all of it stands in one blockquote: passed on rather than answered.
    """

    human: str
    model: str
    quoted: str
    is_cut: bool = False
    is_one_quotation: bool = False


class Writing:
    """Writes both views side by side, and collects what is in neither.

    Args:
        offset: where the document begins in the text that spans count in.
        marks: takes the spans.
        base: what the document says its relative links begin with.
    """

    def __init__(self, offset: int, marks: Marks, base: URL | None = None) -> None:
        self._human = Flow()
        self._model = Markdown()
        self._marks = marks
        self._offset = offset
        self._base = base
        self._link: Start | None = None
        self._link_text: list[str] = []
        self._pictured: list[str] = []
        self._hidden: list[str] = []
        self._hidden_at = (0, 0)
        self._hidden_by: Technique | None = None
        self._quotation_end: int | None = None

    def views(self, *, is_cut: bool) -> Views:
        """End the document."""
        self._end_link()
        self._end_hidden()
        own, quoted = self._model.texts()
        is_one = self._quotation_end is not None and self._quotation_end == self._human.pieces
        return Views(self._human.text(), own, quoted, is_cut, is_one)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been shown yet."""
        return self._human.is_empty

    def end_quotation(self) -> None:
        """Say that the blockquote which the document began with ends here."""
        self._quotation_end = self._human.pieces

    def quote(self, *, is_on: bool) -> None:
        """Say whether what follows is quoted."""
        self._model.quote(is_on=is_on)

    def attributes(self, start: Start) -> None:
        """Note words in a tag."""
        html_attributes.read(start, self._offset, self._marks)
        if start.tag == "img":
            self.picture(start.attributes.get("alt", ""))
        style = start.attributes.get("style")
        if style:
            self._style(style, self._offset + start.start)

    def is_silent(self, start: Start) -> bool:
        """Tell whether there are surely no words in a tag."""
        style = start.attributes.get("style", "")
        is_plain = not style or not ("/*" in style or "content" in style or "--" in style)
        return is_plain and not html_attributes.may_speak(start.attributes)

    def picture(self, words: str) -> None:
        """Take what stands in a picture's place."""
        if self._link is not None:
            self._pictured.append(words)

    def blank(self, text: str) -> None:
        """Take white space that parts words."""
        self._human.space()
        self._model.space()
        if self._link is not None:
            self._link_text.append(text)

    def begin(self, start: Start) -> None:
        """Begin an element that has its place on the page, whether or not its words are seen."""
        tag = start.tag
        if tag not in STRUCTURE:
            return
        if tag == "a":
            self._end_link()
            if "href" in start.attributes:
                self._link = start
                self._link_text, self._pictured = [], []
                self._model.begin_link()
        elif tag in {"td", "th"}:
            self._cell()
        elif tag == "tr":
            self._model.row()
        elif tag == "table":
            self._model.begin_table(is_layout=start.attributes.get("role", "").lower() == "presentation")
        elif tag == "li":
            self._model.item()
        elif tag in _HEADINGS:
            self._model.heading(int(tag[1]))
        else:
            self._model.begin_list(is_ordered=tag == "ol")

    def beginning(self, start: Start) -> partial[None]:
        """Return what ``begin`` does for an element that is no link."""
        if start.tag == "tr":
            return partial(self._model.row)
        return partial(self._cell) if start.tag in {"td", "th"} else partial(self.begin, start)

    def _cell(self) -> None:
        self._human.space()
        self._model.cell()

    def end(self, tag: str) -> None:
        """End such an element."""
        if tag not in STRUCTURE:
            return
        if tag == "a":
            self._end_link()
        elif tag == "table":
            self._model.end_table()
        elif tag == "li" or tag in _HEADINGS:
            self._model.end_block()
        elif tag in {"ul", "ol"}:
            self._model.end_list()

    def _end_link(self) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        target = web_address.written(link.attributes["href"], self._base)
        self._model.end_link(target)
        start, end = self._offset + link.start, self._offset + link.end
        text, pictured = "".join(self._link_text), " ".join(self._pictured)
        html_attributes.compare_link(text, target, start, end, self._marks, pictured=pictured)

    def break_(self, level: int, *, is_there: bool) -> None:
        """End a line or paragraph; ``is_there``: what ends has its place on the page."""
        if is_there:
            self._human.break_(level)
            self._model.break_(level)
        if self._hidden:
            self._hidden.append("\n")

    def line_end(self, *, is_there: bool) -> None:
        """Take a ``br``."""
        if is_there:
            self._human.line_end()
            self._model.line_end()
        if self._hidden:
            self._hidden.append("\n")

    def text(self, token: Text, hidden_by: Technique | None, *, is_preformatted: bool) -> None:
        """Take text where it belongs."""
        text = token.text
        if not text.isascii():
            at = self._offset + token.start
            text = clean(text, "html", at, self._marks, width=token.end - token.start)
        if hidden_by is not None:
            self._hide(hidden_by, text, token)
            return
        if self._hidden_by is not None and not text.isspace():
            self._end_hidden()
        if is_preformatted or not is_harmless(text):
            self._human.write(text, is_preformatted=is_preformatted)
            self._model.write(text, is_preformatted=is_preformatted)
        else:
            shown = collapsed(text)
            self._human.words(shown)
            self._model.words(shown)
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

    def sheet(self, token: Text) -> None:
        """Note what a style sheet says in a comment or beside the text, where that is a sentence."""
        self._style(token.text, self._offset + token.start)

    def _style(self, text: str, start: int) -> None:
        for found in _SHEET_COMMENT.finditer(text) if "/*" in text else ():
            if len(_TWO_WORDS.findall(found[1])) > 1:
                self._marks.add(Technique.HTML_COMMENT, "html", start + found.start(), start + found.end(), found[1])
        for found in _SHEET_WORDS.finditer(text) if "content" in text or "--" in text else ():
            if len(_TWO_WORDS.findall(found[1])) > 1:
                words = unescaped(found[1]).strip(" \t'\"")
                self._marks.add(Technique.LABEL_TEXT, "html", start + found.start(), start + found.end(), words)

    def unread(self, sheets: list[str], *, is_tired: bool) -> bool:
        """Note what style sheets say that nobody here read; return whether there is any."""
        for text in sheets[:MAX_UNREAD]:
            self._marks.add(Technique.UNREAD_STYLE, "html", self._offset, self._offset, text or "{}")
        if is_tired:
            self._marks.add(
                Technique.UNREAD_STYLE, "html", self._offset, self._offset, "too many rules for its elements"
            )
        return bool(sheets) or is_tired

    def _hide(self, technique: Technique, text: str, token: Text) -> None:
        if technique is not self._hidden_by:
            self._end_hidden()
            self._hidden_by = technique
        if not self._hidden:
            if text.isspace():
                return
            self._hidden_at = (token.start, token.end)
        self._hidden.append(text)
        self._hidden_at = (self._hidden_at[0], token.end)

    def _end_hidden(self) -> None:
        """Note the hidden text read last; what separates two of its pieces is nothing anybody sees."""
        if self._hidden and self._hidden_by is not None:
            start, end = self._hidden_at
            lines = (" ".join(line.split()) for line in "".join(self._hidden).split("\n"))
            words = "\n".join(line for line in lines if line)
            self._marks.add(self._hidden_by, "html", self._offset + start, self._offset + end, words)
        self._hidden = []
        self._hidden_by = None
