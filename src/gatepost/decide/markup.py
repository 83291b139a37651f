"""The text of an HTML body as a guard must read it: all of it, in linear time, whatever the markup is like.

This is a tokenizer after the HTML standard (section 13.2.5), not a parser: what is shown and what is hidden is for
``verify`` to say. A tree builder takes quadratic time on deep nests, and a guard must not be a way to stop the gate.
Every branch below either matches or has reached the end of the text, so nothing is read more than a few times.

A page has thousands of tags and few different ones: it is cut into tokens at once, and each spelling is looked at once.
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
_RAW_TAG = rf"(?P<raw>{_RAW})(?=[\s/>]|\Z) {_ATTRIBUTES}"
_RAW_END = r"(?=</(?P=raw)[\s/>])"  # HTML section 13.2.5.2 to 13.2.5.4
_RAW_TEXT = rf"(?: [^<]*+ {_RAW_END} | .*? (?: {_RAW_END} | \Z) )"  # the usual text has no other tag in it


def _token(after_raw: str) -> str:
    return rf"""<(?:
        /(?P<end>[A-Za-z][^\s/>]*+) (?:>|{_ATTRIBUTES})
      | {_RAW_TAG} {after_raw}
      | (?P<tag>[A-Za-z][^\s/>]*+) (?:>|{_ATTRIBUTES})
      | !--(?: -?> | (?P<comment>.*?) (?: --!?> | \Z) )
      | (?:[!?]|/(?![A-Za-z])) [^>]*+ (?:>|\Z)
    )"""


_FLAGS = re.VERBOSE | re.DOTALL | re.IGNORECASE | re.ASCII
_TOKEN = re.compile(_token(""), _FLAGS)
_WHOLE_TOKEN = re.compile(re.sub(r"\?P<(?!raw)\w+>", "?:", f"({_token(_RAW_TEXT)})"), _FLAGS)
"""A token, with the text of an element whose text is not markup. Its groups: all of it, and that element's name."""
_GROUPS = 3
"""What splitting by it yields for each token: the text before, and the groups."""
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
    pieces = _WHOLE_TOKEN.split(markup)
    reads_all = any(pieces[2::_GROUPS]) and _FOREIGN.search(markup) is not None
    del pieces[2::_GROUPS]
    said = {token: _said(token, reads_all=reads_all) for token in set(pieces[1::2])}
    pieces[1::2] = map(said.__getitem__, pieces[1::2])
    return html.unescape("".join(pieces))


def _said(whole: str, *, reads_all: bool) -> str:
    """Return the text of a token; where it is none, this is a bug."""
    token = _TOKEN.match(whole)
    if token is None:  # pragma: no cover  # the other expression found it
        raise ValueError("no token")
    if not token["raw"]:
        return _shown(token)
    is_said = reads_all or token["raw"].lower() not in _UNSEEN_TAGS
    return f"\n{_TOKEN.sub(_shown, whole[token.end() :])}\n" if is_said else ""


def _shown(token: re.Match[str]) -> str:
    if token["comment"] is not None:
        return f"\n{token['comment']}\n"
    tag = token["tag"] or token["end"] or token["raw"]
    return "" if tag and tag.lower() in _INLINE_TAGS else "\n"
