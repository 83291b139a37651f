"""HTML as a person sees it: the visible text, and apart from it the text that is there but hidden."""

import re
from dataclasses import dataclass

from gatepost.verify.html_scan import RAW_TEXT, End, Start, Text, scan
from gatepost.verify.html_style import Look, declarations, look_below

MAX_CHARS = 2_000_000
"""HTML beyond this is not read; nobody reads it either."""
MAX_SHEET_RULES = 500
MAX_SELECTOR_CHARS = 1_000
MAX_BLOCK_CHARS = 4_000

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset",
        "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol",
        "p", "pre", "section", "table", "tr", "ul",
    }
)  # fmt: skip
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
"""What the HTML standard reopens after a block closed over it (section 13.2.4.3)."""
_SCOPES = frozenset({"table", "td", "th", "caption", "template", "object", "marquee"})
_CLOSES_ITSELF = {"li": "li", "tr": "tr", "option": "option", "td": "td", "th": "th"}
_NEVER_SHOWN = frozenset({"head", "template", "noscript", "datalist", "select", "audio", "video", "canvas", "object"})
_SIMPLE_SELECTOR = re.compile(r"(?:[a-z][a-z0-9]*)?[.#][a-z0-9_\-]+", re.IGNORECASE | re.ASCII)
_SPACES = re.compile(r"[ \t\r\f\v\xa0]+")
_NEWLINES = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Views:
    """One HTML document twice: ``visible`` and ``hidden``. ``is_cut``: it was too long to be read whole."""

    visible: str
    hidden: str
    is_cut: bool = False


@dataclass(slots=True)
class _Open:
    tag: str
    look: Look
    own: Look | None


def split(source: str) -> Views:
    """Tell visible text from hidden; linear, never raises."""
    page = _Page()
    for token in scan(source[:MAX_CHARS]):
        match token:
            case Start():
                page.start(token)
            case End():
                page.end(token.tag)
            case Text():
                page.text(token)
    return Views(_tidy(page.visible), _tidy(page.hidden), len(source) > MAX_CHARS)


def _tidy(parts: list[str]) -> str:
    return _NEWLINES.sub("\n", _SPACES.sub(" ", "".join(parts))).strip()


class _Page:
    """The open elements, as far as visibility needs them.

    Simplified from the HTML standard: end tags close up to their element within the table cell; a ``p`` ends at the
    next block; formatting that hides is reopened, once per tag name, so that misnesting cannot show hidden text.
    """

    def __init__(self) -> None:
        self.visible: list[str] = []
        self.hidden: list[str] = []
        self._open: list[_Open] = []
        self._places: dict[str, list[int]] = {}
        self._scopes: list[int] = []
        self._sheet: dict[str, dict[str, str]] = {}

    @property
    def _look(self) -> Look:
        return self._open[-1].look if self._open else Look()

    def start(self, start: Start) -> None:
        """Open an element."""
        tag = start.tag
        if tag in _BLOCKS:
            self._close_within("p")
            self._write("\n")
        elif tag == "br":
            self._write("\n")
        elif tag in {"td", "th"}:
            self._write(" ")
        if tag in _CLOSES_ITSELF:
            self._close_sibling(tag)
        if tag in _VOID or tag in RAW_TEXT:
            return
        look = look_below(self._look, tag, start.attributes, self._styled(tag, start.attributes))
        if tag in _NEVER_SHOWN:
            look = Look(is_gone=True)
        self._push(_Open(tag, look, look if tag in _FORMATTING and look is not self._look else None))

    def _styled(self, tag: str, attributes: dict[str, str]) -> dict[str, str]:
        if not self._sheet:
            return {}
        names = [f".{name}" for name in attributes.get("class", "").lower().split()[:20]]
        if "id" in attributes:
            names.append(f"#{attributes['id'].lower()}")
        found: dict[str, str] = {}
        for name in names:
            found |= self._sheet.get(name, {}) | self._sheet.get(tag + name, {})
        return found

    def _push(self, element: _Open) -> None:
        at = len(self._open)
        self._open.append(element)
        self._places.setdefault(element.tag, []).append(at)
        if element.tag in _SCOPES:
            self._scopes.append(at)

    def end(self, tag: str) -> None:
        """Close an element, and what is open inside it."""
        if tag in _BLOCKS:
            self._write("\n")
        places = self._places.get(tag)
        if not places:
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
            if element.tag in _SCOPES:
                self._scopes.pop()
            if len(self._open) > at and element.own is not None and element.own.is_hidden:
                reopened.setdefault(element.tag, element)
        for element in reversed(reopened.values()):
            self._push(element)

    def text(self, token: Text) -> None:
        """Take text where it belongs; scripts and the like are no text, style sheets are read."""
        if token.raw_of == "style":
            self._read_sheet(token.text)
        elif not token.raw_of or token.raw_of in {"textarea", "xmp", "plaintext"}:
            self._write(token.text)

    def _write(self, text: str) -> None:
        (self.hidden if self._look.is_hidden else self.visible).append(text)

    def _read_sheet(self, sheet: str) -> None:
        """Keep the rules of single classes and ids; anything inside @media is for some readers only, so not kept."""
        for rule in _without_at_rules(sheet).split("}"):
            selectors, brace, block = rule.partition("{")
            if not brace or len(selectors) > MAX_SELECTOR_CHARS:
                continue
            style = declarations(block[:MAX_BLOCK_CHARS])
            for selector in selectors.split(","):
                if len(self._sheet) < MAX_SHEET_RULES and _SIMPLE_SELECTOR.fullmatch(selector.strip()):
                    self._sheet.setdefault(selector.strip().lower(), {}).update(style)


def _without_at_rules(sheet: str) -> str:
    """Drop @-rules with their blocks; linear."""
    out: list[str] = []
    depth = 0
    is_at_rule = False
    for part in re.split(r"([{}@;])", sheet):
        if part == "@" and depth == 0:
            is_at_rule = True
        elif is_at_rule:
            depth += (part == "{") - (part == "}")
            is_at_rule = not (depth <= 0 and part in {"}", ";"})
            depth = max(depth, 0)
        else:
            out.append(part)
    return "".join(out)
