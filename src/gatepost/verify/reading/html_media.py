"""Conditions of style sheets: whether a screen reads what @media, @supports and @container hold.

None says that nobody here knows: then a rule counts if it hides something, so that no condition hides it from us.
"""

import operator
import re
from collections.abc import Callable, Mapping

from gatepost.verify.reading.html_length import number
from gatepost.verify.reading.html_tokens import closing, parts

SCREEN_WIDTH, SCREEN_HEIGHT = 800.0, 600.0
"""The window we imagine a mail to be read in, in pixels."""
_NUMBERS = {
    "width": SCREEN_WIDTH, "height": SCREEN_HEIGHT, "device-width": SCREEN_WIDTH, "device-height": SCREEN_HEIGHT,
    "aspect-ratio": SCREEN_WIDTH / SCREEN_HEIGHT, "device-aspect-ratio": SCREEN_WIDTH / SCREEN_HEIGHT, "color": 8.0,
    "resolution": 1.0, "-webkit-device-pixel-ratio": 1.0, "monochrome": 0.0, "color-index": 0.0, "grid": 0.0,
    "inline-size": SCREEN_WIDTH, "block-size": SCREEN_HEIGHT, "-webkit-transform-3d": 1.0,
}  # fmt: skip
_KEYWORDS = {
    "orientation": "landscape", "hover": "hover", "any-hover": "hover", "pointer": "fine", "any-pointer": "fine",
    "prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference", "prefers-contrast": "no-preference",
    "prefers-reduced-data": "no-preference", "prefers-reduced-transparency": "no-preference", "scripting": "none",
    "update": "fast", "overflow-block": "scroll", "overflow-inline": "scroll", "color-gamut": "srgb", "scan": "",
    "dynamic-range": "standard", "video-dynamic-range": "standard", "display-mode": "browser", "forced-colors": "none",
    "inverted-colors": "none",
}  # fmt: skip
_TYPES = {"screen": True, "all": True}
_WIDE_SIGN = re.compile(r"([<>]=?|=)")
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
}  # fmt: skip
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_PART = re.compile(r"\s*(?:(?P<function>[\w\-]*)\(|(?P<word>[\w\-]+))")
_DISPLAYS = frozenset({
    "block", "inline", "inline-block", "none", "flex", "inline-flex", "grid", "inline-grid", "table", "table-cell",
    "table-row", "list-item", "contents", "flow-root", "inline-table", "ruby", "initial", "inherit", "unset", "revert",
})  # fmt: skip
_KNOWN_VALUES = {
    "display": _DISPLAYS,
    "position": frozenset({"static", "relative", "absolute", "fixed", "sticky", "-webkit-sticky"}),
    "visibility": frozenset({"visible", "hidden", "collapse"}),
}
_FOREIGN = ("-ms-", "-moz-", "-o-", "-webkit-overflow-scrolling", "-apple-")
"""Properties that the browser we compare with does not know."""
_NAME = re.compile(r"[\w\-]*")
_PSEUDO = re.compile(r":([\w\-]*)")
_KNOWN_PSEUDO = frozenset(
    {"has", "is", "where", "not", "focus-visible", "focus-within", "hover", "checked", "nth-child"}
)
MAX_DEPTH = 10
MAX_CHARS = 500
Leaf = Callable[[str, str], bool | None]


def is_for_screen(prelude: str) -> bool | None:
    """Tell whether a screen reads the block of an @-rule; ``prelude``: from its @ to its brace, lowercase."""
    found = _NAME.match(prelude, 1)
    name = found[0] if found is not None else ""
    rest = prelude[1 + len(name) :].strip()
    if name in {"layer", "scope", "starting-style"}:
        return name != "starting-style"
    if name == "media":
        return media(rest)
    if name == "supports":
        return _condition(rest, _is_supported)
    if name == "container":
        opened = rest.find("(")
        return _condition(rest[opened:], _feature) if opened >= 0 else None
    return False


def media(queries: str) -> bool | None:
    """Tell whether a list of media queries holds (Media Queries 4 section 3)."""
    if len(queries) > MAX_CHARS:
        return None
    return _any([_query(one.strip()) for one in parts(queries)]) if queries.strip() else True


def _query(query: str) -> bool | None:
    words = query.split(None, 2)
    is_not = words[:1] == ["not"] and len(words) > 1 and not words[1].startswith("(")
    if is_not or words[:1] == ["only"]:
        query = query.partition(words[0])[2].lstrip()
    kind, _, rest = query.partition(" ")
    kind = kind.partition("(")[0]
    if not kind or kind == "not":
        return _condition(query, _feature)
    rest = query[len(kind) :].strip()
    found: bool | None = _TYPES.get(kind, False)
    if rest.startswith("and"):
        conditions = _condition(rest[3:], _feature)
        found = False if found is False or conditions is False else conditions
    elif rest:
        found = False
    return _not(found) if is_not else found


def _condition(text: str, leaf: Leaf, depth: int = 0) -> bool | None:
    """Read ``not``, ``and``, ``or`` and brackets; ``leaf`` answers for what stands in the innermost."""
    answers: list[bool | None] = []
    is_not = is_or = False
    at = 0
    while (part := _PART.match(text, at)) is not None and depth < MAX_DEPTH:
        at = part.end()
        if part["word"] is not None:
            is_not, is_or = is_not or part["word"] == "not", is_or or part["word"] == "or"
            continue
        end = closing(text, at)
        inside = text[at:end].strip()
        at = end + 1
        is_group = not part["function"] and (inside.startswith("(") or re.match(r"not\b", inside) is not None)
        answer = _condition(inside, leaf, depth + 1) if is_group else leaf(part["function"], inside)
        answers.append(_not(answer) if is_not else answer)
        is_not = False
    if not answers or text[at:].strip():
        return None
    return _any(answers) if is_or else _not(_any([_not(one) for one in answers]))


def _not(answer: bool | None) -> bool | None:  # noqa: FBT001  # the value itself
    return None if answer is None else not answer


def _any(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _feature(function: str, inside: str) -> bool | None:
    if function:
        return None
    parts = [part.strip() for part in _WIDE_SIGN.split(inside)]
    if len(parts) > 1:
        return _range(parts)
    name, colon, value = (part.strip() for part in inside.partition(":"))
    bound = (
        name.removeprefix("-webkit-")[:4] if name.startswith(("min-", "max-", "-webkit-min-", "-webkit-max-")) else ""
    )
    name = name.replace(bound, "", 1) if bound else name
    if name in _KEYWORDS:
        return _KEYWORDS[name] == value if colon else _KEYWORDS[name] not in {"none", "no-preference", ""}
    if name not in _NUMBERS:
        return None
    if not colon:
        return _NUMBERS[name] != 0
    sign = {"min-": ">=", "max-": "<="}.get(bound, "=")
    return _range([name, sign, value])


def _range(parts: list[str]) -> bool | None:
    """Compare what stands left and right of one sign, or of two."""
    answers: list[bool | None] = []
    for left, sign, right in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
        name, compare, value = (right, _TURNED[sign], left) if right in _NUMBERS else (left, sign, right)
        wanted = _measure(value)
        answers.append(None if name not in _NUMBERS or wanted is None else _COMPARED[compare](_NUMBERS[name], wanted))
    return _not(_any([_not(one) for one in answers]))


def _measure(text: str) -> float | None:
    over, slash, under = text.partition("/")
    if slash and "(" not in text:
        above, below = number(over.strip()), number(under.strip())
        return above / below if above is not None and below else None
    return number(text)


def _is_supported(function: str, inside: str) -> bool | None:
    """Tell whether a browser takes a declaration, or a selector."""
    if function == "selector":
        return True if set(_PSEUDO.findall(inside)) <= _KNOWN_PSEUDO else None
    name, colon, value = (part.strip() for part in inside.partition(":"))
    if function or not colon:
        return None
    if name.startswith("--"):
        return True
    if name.startswith(_FOREIGN):
        return False
    values = _KNOWN_VALUES.get(name)
    return None if values is None else value in values


def is_for_us(told: Mapping[str, str]) -> bool:
    """Tell whether a style sheet is one for screens; ``told``: the attributes of its element."""
    is_css = told.get("type", "").strip().lower() in {"", "text/css"}
    return is_css and media(told.get("media", "").lower()) is not False
