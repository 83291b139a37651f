"""What letters are painted with, besides their colour: fill, stroke, shadow, what shows through them, and filters."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gatepost.verify.reading.html_colour import (
    TRANSPARENT,
    Shade,
    cut,
    look_alike,
    over,
    painted,
    read,
    shade_of,
    spelled,
)
from gatepost.verify.reading.html_length import number, pixels
from gatepost.verify.reading.html_tokens import words_of

TELLING = frozenset({
    "-webkit-text-fill-color", "-webkit-text-stroke", "-webkit-text-stroke-color", "-webkit-text-stroke-width",
    "text-shadow", "background-clip", "-webkit-background-clip", "filter", "-webkit-filter", "mix-blend-mode",
    "-webkit-mix-blend-mode",
})  # fmt: skip
"""Properties that are read here."""
MIN_STROKE = 0.3
"""Pixels from which a line around letters is seen."""
MAX_GROUPS = 12
_WIDTHS = {"thin": 1.0, "medium": 3.0, "thick": 5.0}
_CALL = re.compile(r"(?P<name>[a-z\-]+)\((?P<inside>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)?")


def _kept(one: float) -> float:
    return min(max(one, 0.0), 1.0)


_ADJUSTED: dict[str, Callable[[float, float], float]] = {
    "brightness": lambda one, amount: one * amount,
    "contrast": lambda one, amount: (one - 0.5) * amount + 0.5,
    "invert": lambda one, amount: one + (1 - 2 * one) * min(amount, 1.0),
}
_BLENDED: dict[str, Callable[[float, float], float]] = {
    "multiply": lambda one, below: one * below,
    "screen": lambda one, below: one + below - one * below,
    "darken": min,
    "lighten": max,
    "difference": lambda one, below: abs(one - below),
    "exclusion": lambda one, below: one + below - 2 * one * below,
    "color-dodge": lambda one, below: 0.0 if not below else 1.0 if one >= 1 else min(1.0, below / (1 - one)),
    "color-burn": lambda one, below: 1.0 if below >= 1 else 0.0 if not one else 1 - min(1.0, (1 - below) / one),
    "hard-light": lambda one, below: 2 * one * below if one <= 0.5 else 1 - 2 * (1 - one) * (1 - below),  # noqa: PLR2004  # half
    "overlay": lambda one, below: 2 * one * below if below <= 0.5 else 1 - 2 * (1 - one) * (1 - below),  # noqa: PLR2004  # half
    "plus-lighter": lambda one, below: one + below,
}
"""By channel (Compositing 1 section 9); what works on all of them at once leaves letters their difference."""


class Group(NamedTuple):
    """Elements that are painted together, adjusted, and blended with what is ``behind`` them."""

    adjusted: tuple[tuple[str, float], ...]
    blend: str
    behind: str


class Ink(NamedTuple):
    """What letters are painted with.

    Attributes:
        fill: their own colour, where that is not ``color``; empty otherwise.
        stroke, stroke_width: the line around them, ``stroke`` empty for their colour, pixels.
        shadows: colours of shadows sharp enough to read, empty for their colour.
        through: the background that shows only through letters, or nothing.
        groups: those around, outermost first.
        blur: pixels.
    """

    fill: str = ""
    stroke: str = ""
    stroke_width: float = 0.0
    shadows: tuple[str, ...] = ()
    through: str = ""
    groups: tuple[Group, ...] = ()
    blur: float = 0.0

    def is_seen(self, colour: str, background: str, size: float) -> bool:
        """Tell whether letters of that colour stand out; ``size`` in pixels."""
        if self.blur > size / 4:
            return False
        paints = [self.fill or colour, *(shadow or colour for shadow in self.shadows)]
        if self.stroke_width >= MIN_STROKE:
            paints.append(self.stroke or self.fill or colour)
        if self.through:
            paints = [over(paint, self.through) for paint in paints]
        return any(not look_alike(*self._shown(paint, background)) for paint in paints)

    def _shown(self, colour: str, background: str) -> tuple[str, str]:
        """Return a colour and what lies behind it as they come out of the groups around."""
        for group in reversed(self.groups):
            colour = over(colour, background) if len(background) == len("ffffff") else colour
            behind = group.behind
            colour, background = (
                _blended(_adjusted(one, group.adjusted), behind, group.blend) for one in (colour, background)
            )
        return colour, background


PLAIN = Ink()


def ink(style: Mapping[str, str], around: Ink, colour: str, background: str, size: float) -> Ink:
    """Return what an element's letters are painted with.

    Args:
        style: what is declared of it.
        around: the ink of what is around it.
        colour: its own.
        background: what lies behind it.
        size: of its font, in pixels.
    """
    if TELLING.isdisjoint(style):
        return around
    found = around
    fill = style.get("-webkit-text-fill-color", "")
    if fill:
        found = found._replace(fill="" if fill == "currentcolor" else read(fill, around.fill, colour))
    if "text-shadow" in style:
        found = found._replace(shadows=_shadows(style["text-shadow"], colour, size))
    found = _stroked(style, found, colour, size)
    if "text" in style.get("background-clip", style.get("-webkit-background-clip", "")):
        found = found._replace(through=painted(style, colour))
    filters = _CALL.findall(style.get("filter", style.get("-webkit-filter", "")))
    adjusted = tuple(
        (name, 1.0 if amount is None else max(amount, 0.0))
        for name, inside in filters
        if name in _ADJUSTED
        for amount in [number(inside.strip(), percent=0.01)]
    )
    blend = style.get("mix-blend-mode", "")
    if (adjusted or blend in _BLENDED) and len(around.groups) < MAX_GROUPS:
        found = found._replace(groups=(*around.groups, Group(adjusted, blend, background)))
    blurs = [pixels(inside.strip(), size) for name, inside in filters if name == "blur"]
    return found._replace(blur=max(around.blur, *blurs)) if blurs else found


def _stroked(style: Mapping[str, str], found: Ink, colour: str, size: float) -> Ink:
    words = words_of(style.get("-webkit-text-stroke", ""))
    words += [style.get("-webkit-text-stroke-width", ""), style.get("-webkit-text-stroke-color", "")]
    for word in filter(None, words):
        if word in _WIDTHS or number(word, size) is not None:
            found = found._replace(stroke_width=_WIDTHS.get(word) or number(word, size) or 0.0)
        elif word != "currentcolor":
            found = found._replace(stroke=read(word, found.stroke, colour))
    return found


def _shadows(written: str, colour: str, size: float) -> tuple[str, ...]:
    found: list[str] = []
    for layer in cut(written):
        words = words_of(layer)
        lengths = [length for word in words if (length := number(word, size)) is not None]
        colours = [shade for word in words if (shade := read(word, "", colour))]
        if len(lengths) > 1 and max(map(abs, lengths[:2])) < size * 2 and sum(lengths[2:3]) <= size / 2:
            found += colours[:1] or [""]
    return tuple(found)


def _adjusted(colour: str, adjusted: tuple[tuple[str, float], ...]) -> str:
    if not adjusted or colour == TRANSPARENT or len(colour) < len("ffffff"):
        return colour
    red, green, blue, alpha = shade_of(colour)
    for name, amount in adjusted:
        red, green, blue = (_kept(_ADJUSTED[name](one, amount)) for one in (red, green, blue))
    return spelled((red, green, blue, alpha))


def _blended(colour: str, behind: str, blend: str) -> str:
    if (
        blend not in _BLENDED
        or len(behind) < len("ffffff")
        or TRANSPARENT in (colour, behind)
        or len(colour) < len("ffffff")
    ):
        return over(colour, behind) if behind != TRANSPARENT else colour
    top, below = shade_of(colour), shade_of(behind)
    mixed: Shade = (
        *(_kept(_BLENDED[blend](one, other)) for one, other in zip(top[:3], below[:3], strict=True)),
        top[3],
    )  # type: ignore[assignment]  # four of them
    return over(spelled(mixed), behind)
