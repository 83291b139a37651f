"""What declared values come to on one element: custom properties, and the words that ask for another's value."""

import re
from collections.abc import Mapping

from gatepost.verify.reading.html_shorthand import lay
from gatepost.verify.reading.html_tokens import closing

MAX_CHARS = 2_000
MAX_RESOLVED = 30
"""How deep custom properties are resolved in one another, and how many elements around are asked for one."""
MAX_SUBSTITUTED = 100
_VARIABLE = re.compile(r"var\(\s*(--[^\s,()]{1,60})\s*")
INHERITED = {
    "visibility": "visible", "font-size": "medium", "letter-spacing": "normal", "word-spacing": "normal",
    "color": "#000000", "fill": "#000000", "stroke": "none", "-webkit-text-fill-color": "currentcolor",
    "text-shadow": "none", "-webkit-text-stroke-width": "0", "-webkit-text-stroke-color": "currentcolor",
    "text-indent": "0", "white-space": "normal", "line-height": "normal", "text-align": "start",
    "-webkit-text-security": "none", "fill-opacity": "1",
}  # fmt: skip
"""Properties that elements have from those around them, and what they are where nobody says anything."""
_PARENTS = frozenset({"inherit"})
_OWN = frozenset({"initial"})
_NEITHER = frozenset({"unset", "revert", "revert-layer"})
_WORDS = _PARENTS | _OWN | _NEITHER


class TooDeepError(Exception):
    """Nobody here follows a value to its end."""


class Variables:
    """Custom properties of an element and of those around it; one object for all that inherit the same."""

    __slots__ = ("around", "own")

    def __init__(self, own: Mapping[str, str], around: "Variables | None") -> None:
        self.own, self.around = own, around

    def get(self, name: str) -> str | None:
        """Return the value in force, if there is one; raises TooDeepError."""
        at: Variables | None = self
        for _ in range(MAX_RESOLVED):
            if at is None:
                return None
            if name in at.own:
                found = at.own[name]
                if found not in _PARENTS and found not in _NEITHER:
                    return None if found in _OWN else found
            at = at.around
        if at is None:
            return None
        raise TooDeepError


class Said:
    """What was declared of an element, for those inside that ask for the same; alike only to itself."""

    __slots__ = ("style",)

    def __init__(self, style: Mapping[str, str]) -> None:
        self.style = style


NOTHING_SAID = Said({})


def computed(style: dict[str, str], variables: Variables, parent: Said) -> dict[str, str]:
    """Return declarations without words that only refer to others (CSS Cascading 5 section 7); raises TooDeepError."""
    if "var(" in "\n".join(style.values()):
        style = {name: _Resolver(variables).of(value, 0) or "unset" for name, value in style.items()}
    if "all" in style:
        initial = INHERITED if style["all"] in _OWN else {}
        style = {**initial, **{name: value for name, value in style.items() if name != "all"}}
    if _WORDS.isdisjoint(style.values()):
        return style
    found: dict[str, str] = {}
    for name, value in style.items():
        if value not in _WORDS:
            found[name] = value
        elif name in INHERITED:
            if value in _OWN:
                found[name] = INHERITED[name]
            elif name == "color":
                found[name] = "inherit"  # what a link has from around it is not its own colour
        elif value in _PARENTS and name in parent.style:
            found[name] = parent.style[name]
    return found


def joined(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    """Return declarations with later ones; ``all`` takes back what was said before it."""
    if "all" in second or not first:
        return second
    found = dict(first)
    lay(found, second)
    return found


class _Resolver:
    """Puts custom properties, or else their fall-backs, into one value (CSS Variables section 3)."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self._left = MAX_SUBSTITUTED
        self._asked: list[str] = []

    def of(self, value: str, depth: int) -> str | None:
        """Return a value without ``var()``; None where one has no value, which makes all of it invalid."""
        pieces: list[str] = []
        at = 0
        while (found := _VARIABLE.search(value, at)) is not None:
            end = closing(value, found.end())
            inside = self._one(found[1], value[found.end() : end], depth + 1)
            if inside is None:
                return None
            pieces += [value[at : found.start()], inside]
            at = end + 1
        whole = "".join(pieces) + value[at:]
        if len(whole) > MAX_CHARS:
            raise TooDeepError
        return whole.strip()

    def _one(self, name: str, rest: str, depth: int) -> str | None:
        self._left -= 1
        if self._left < 0 or depth > MAX_RESOLVED:
            raise TooDeepError
        held = None if name in self._asked else self._variables.get(name)
        if held is not None and "var(" in held:
            self._asked.append(name)
            held = self.of(held, depth)
            self._asked.pop()
        if held is None and rest.startswith(","):
            return self.of(rest[1:], depth)
        return held
