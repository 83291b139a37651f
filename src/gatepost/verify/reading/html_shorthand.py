"""Shorthands take back what was said before of each property that they stand for (CSS Cascading 5 section 4)."""

from collections.abc import Mapping
from functools import lru_cache

from gatepost.verify.reading import html_colour
from gatepost.verify.reading.html_length import font_shorthand, number

_SIDES = ("top", "right", "bottom", "left")
RESETS: Mapping[str, tuple[str, ...]] = {
    "font": ("font-size", "line-height", "font-size-adjust"),
    "background": ("background-color", "background-image", "background-clip"),
    "margin": tuple(f"margin-{side}" for side in _SIDES),
    "padding": tuple(f"padding-{side}" for side in _SIDES),
    "inset": _SIDES,
    "overflow": ("overflow-x", "overflow-y"),
    "-webkit-text-stroke": ("-webkit-text-stroke-width", "-webkit-text-stroke-color"),
}
"""Those that are read here."""
_WIDE = frozenset({"inherit", "initial", "unset", "revert", "revert-layer"})
_FONTS = frozenset({"caption", "icon", "menu", "message-box", "small-caption", "status-bar"})
_OVERFLOWS = frozenset({"visible", "hidden", "clip", "scroll", "auto", "overlay"})
_BOXED = frozenset({"margin", "padding", "inset"})
_GROUNDS = frozenset(
    """none repeat no-repeat repeat-x repeat-y round space scroll fixed local center top bottom left right cover contain
    auto border-box padding-box content-box text""".split()  # noqa: SIM905  # one list of words
)


@lru_cache(maxsize=2048)
def is_known(name: str, value: str) -> bool:
    """Tell whether a browser surely takes a shorthand; where it may not, what was said before holds."""
    if value in _WIDE or "var(" in value:
        return True
    if name == "font":
        return value in _FONTS or bool(font_shorthand(value))
    if name == "overflow":
        return _OVERFLOWS.issuperset(value.split())
    words = html_colour.words(value)
    if name == "background":
        return all(word in _GROUNDS or word.startswith("url") or _is_ground(word) for word in words)
    return name not in _BOXED or all(word == "auto" or number(word) is not None for word in words)


def _is_ground(word: str) -> bool:
    return "gradient(" in word or number(word) is not None or html_colour.is_colour(word)


def lay(into: dict[str, str], further: Mapping[str, str]) -> None:
    """Declare further properties: what their shorthands stand for is no longer what it was."""
    for name in RESETS.keys() & further.keys():
        if not into.keys().isdisjoint(RESETS[name]) and is_known(name, further[name]):
            for longhand in RESETS[name]:
                into.pop(longhand, None)  # those of the further ones come after
    into.update(further)
