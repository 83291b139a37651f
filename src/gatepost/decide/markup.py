"""The text of an HTML body as a guard must read it: all of it, in linear time, whatever the markup is like.

This is a tokenizer after the HTML standard (section 13.2.5), not a parser: what is shown and what is hidden is for
``verify`` to say. A tree builder takes quadratic time on deep nests, and a guard must not be a way to stop the gate.
Every branch below either matches or has reached the end of the text, so nothing is read more than a few times.
"""

import html
import re

_ATTRIBUTES = r"""
    (?:
        [\s/]++
      | =?[^\s/>=]++                       # a name, which may hold quotes and may begin with =
        (?: \s*+ = \s*+ (?: "[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^\s"'>][^\s>]*+ )? )?+
      | =
    )*+ (?:>|\Z)
"""
_RAW = "(?:script|style|title|textarea|xmp|iframe|noembed|noframes)"
_SIMPLE = rf"""/?(?! {_RAW} [\s/>]) [A-Za-z][^<>"'=]*+>"""
_TOKEN = re.compile(
    rf"""<(?:
      (?P<simple>{_SIMPLE} (?:<{_SIMPLE})*)  # tags in a row whose attributes have no values
    | !--(?: -?> | (?P<comment>.*?) (?: --!?> | \Z) )
    | (?P<raw>{_RAW})(?=[\s/>]|\Z) {_ATTRIBUTES}
    | /?(?P<tag>[A-Za-z][^\s/>]*+) {_ATTRIBUTES}
    | (?:[!?]|/(?![A-Za-z])) [^>]*+ (?:>|\Z)
    )""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_NAME = re.compile(r"</?([A-Za-z][^\s/>]*)")
_FOREIGN = re.compile(r"<(?:svg|math)[\s/>]", re.IGNORECASE)
# fmt: off
_INLINE_TAGS = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
})
# fmt: on
_UNSEEN_TAGS = frozenset({"script", "style"})


def text_of(markup: str) -> str:
    """Return all text of an HTML body, shown, hidden or commented out.

    An inline tag joins what it parts, so ``ig<b>no</b>re`` is one word; any other tag ends a line. What stands in
    ``script`` and ``style`` is left out, unless the document has foreign content (SVG, MathML), where a browser reads
    these elements as text like any other.
    """
    pieces: list[str] = []
    reads_all = _FOREIGN.search(markup) is not None
    at = 0
    while (token := _TOKEN.search(markup, at)) is not None:
        pieces.append(markup[at : token.start()])
        at = token.end()
        if token["raw"]:
            inside, at = _raw_text(markup, at, token["raw"])
            if reads_all or token["raw"].lower() not in _UNSEEN_TAGS:
                pieces += ["\n", _TOKEN.sub(_shown, inside), "\n"]
        else:
            pieces.append(_shown(token))
    pieces.append(markup[at:])
    return html.unescape("".join(pieces))


def _raw_text(markup: str, start: int, tag: str) -> tuple[str, int]:
    """Return what stands up to the end tag, and where that begins (HTML section 13.2.5.2 to 13.2.5.4)."""
    end_tag = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE)
    found = end_tag.search(markup, start)
    end = found.start() if found else len(markup)
    return markup[start:end], end


def _shown(token: re.Match[str]) -> str:
    if token["simple"]:
        names = _NAME.findall(token[0].lower())
        return "\n" * (len(names) - sum(map(_INLINE_TAGS.__contains__, names)))
    if token["comment"] is not None:
        return f"\n{token['comment']}\n"
    tag = token["tag"] or token["raw"]
    return "" if tag and tag.lower() in _INLINE_TAGS else "\n"
