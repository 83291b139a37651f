"""What cuts shapes out of a box: ``clip``, ``clip-path`` and masks, and whether anything is left."""

import re
from collections.abc import Mapping

from gatepost.verify.reading.html_colour import TRANSPARENT, cut, painted
from gatepost.verify.reading.html_length import number

TELLING = frozenset({
    "clip", "clip-path", "-webkit-clip-path", "mask", "mask-image", "-webkit-mask", "-webkit-mask-image", "mask-size",
    "-webkit-mask-size", "mask-position", "-webkit-mask-position", "mask-repeat", "-webkit-mask-repeat",
})  # fmt: skip
"""Properties that are read here."""
_CALL = re.compile(r"(?P<name>[a-z]+)\((?P<inside>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)?")
_WORD = re.compile(r"(?:[^\s,()]|\((?:[^()]|\([^()]*\))*\))+")
_LEAST = 4.0
"""Pixels of a shape, across or down, in which no letter is read."""
_LEAST_AREA = 40.0
_PLACES = {"left": 0.0, "top": 0.0, "center": 50.0, "right": 100.0, "bottom": 100.0}
_COMPUTED = frozenset({"inset", "circle", "ellipse", "polygon", "rect", "xywh"})
Edges = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels from the box's own corner."""


def is_cut_away(style: Mapping[str, str], size: float, width: float, height: float) -> bool:
    """Tell whether a box shows nothing through its shapes.

    Args:
        style: its declarations.
        size: of its font, in pixels.
        width: of the box, and ``height``, in pixels.
        height: see there.
    """
    box = _Box(size, width, height)
    clip = style.get("clip", "auto")
    if clip.startswith("rect(") and style.get("position") in {"absolute", "fixed"} and box.is_nothing(box.clip(clip)):
        return True
    path = style.get("clip-path") or style.get("-webkit-clip-path", "none")
    called = _CALL.match(path)
    if called is not None:
        if called["name"] not in _COMPUTED:
            return True  # an outline drawn elsewhere or in words of its own: no honest mail cuts by one
        return box.is_nothing(box.shape(called["name"], called["inside"]))
    return _is_masked(style, box)


def _is_masked(style: Mapping[str, str], box: "_Box") -> bool:
    image = style.get("mask-image") or style.get("-webkit-mask-image", "")
    mask = style.get("mask") or style.get("-webkit-mask", "")
    if (image or mask or "none") == "none":
        return False
    if "url(" in image or "url(" in mask:
        return True  # what is not there lets nothing through
    if "gradient(" not in image + mask:
        return False
    if painted({"background-image": image or mask}, "000000") == TRANSPARENT:
        return True
    layer = _CALL.sub(" ", cut(mask)[0]) + " " + (style.get("mask-repeat") or style.get("-webkit-mask-repeat", ""))
    place, _, written_size = layer.partition("/")
    sizes = written_size.split() + (style.get("mask-size") or style.get("-webkit-mask-size", "")).split()
    places = place.split() + (style.get("mask-position") or style.get("-webkit-mask-position", "")).split()
    lengths = [box.length(word, of) for word, of in zip(sizes, (box.width, box.height), strict=False)]
    if any(one is not None and one < _LEAST for one in lengths):
        return True
    return "no-repeat" in layer and box.is_nothing(box.placed(places, lengths))


class _Box:
    """A box to cut shapes out of."""

    def __init__(self, size: float, width: float, height: float) -> None:
        self.size, self.width, self.height = size, width, height

    def length(self, word: str, of: float) -> float | None:
        """Return a length, hundredths ``of`` another."""
        if word in _PLACES:
            return _PLACES[word] * of / 100
        return number(word, self.size, of / 100)

    def is_nothing(self, edges: Edges | None) -> bool:
        """Tell whether what lies between edges is too little of the box; None for what no browser takes."""
        if edges is None:
            return False
        left, top, right, bottom = edges
        across, down = min(right, self.width) - max(left, 0.0), min(bottom, self.height) - max(top, 0.0)
        return across < _LEAST or down < _LEAST or across * down < _LEAST_AREA

    def placed(self, words: list[str], lengths: list[float | None]) -> Edges:
        """Return the edges of an image at a place (CSS Backgrounds 3 section 3.6); None as a length: the box's own."""
        sizes = [*lengths, None, None]
        across = self.width if sizes[0] is None else sizes[0]
        down = self.height if sizes[1] is None else sizes[1]
        found = [word for word in words if self.length(word, 1.0) is not None][:2]
        if found[:1] in (["top"], ["bottom"]) or found[1:] in (["left"], ["right"]):
            found.reverse()
        found = [*found, "center"] if found else ["left", "top"]
        x, y = self.length(found[0], self.width - across) or 0.0, self.length(found[1], self.height - down) or 0.0
        return x, y, x + across, y + down

    def clip(self, value: str) -> Edges | None:
        """Read ``rect()`` of CSS 2."""
        words = _WORD.findall(value[len("rect(") :].rstrip(") "))
        if len(words) != len("trbl"):
            return None
        return self._edges(words)

    def _edges(self, words: list[str]) -> Edges:
        """Read top, right, bottom and left, all from the left and the top, ``auto`` for the box's own."""
        own = (0.0, self.width, self.height, 0.0)
        top, right, bottom, left = (
            edge if word == "auto" else self.length(word, self.width if at % 2 else self.height) or 0.0
            for at, (word, edge) in enumerate(zip(words, own, strict=True))
        )
        return left, top, right, bottom

    def shape(self, name: str, inside: str) -> Edges | None:
        """Return the edges around a basic shape (CSS Shapes 1)."""
        if name == "polygon":
            return self._polygon(inside)
        words = _WORD.findall(inside.partition(" round ")[0])
        if name in {"circle", "ellipse"}:
            return self._oval(name, words)
        if name == "inset":
            sides = four(words) or ("0",) * 4
            top, bottom = (self.length(sides[at], self.height) or 0.0 for at in (0, 2))
            right, left = (self.length(sides[at], self.width) or 0.0 for at in (1, 3))
            return left, top, self.width - right, self.height - bottom
        if len(words) != len("trbl"):
            return None
        if name == "rect":
            return self._edges(words)
        x, across = (self.length(words[at], self.width) or 0.0 for at in (0, 2))
        y, down = (self.length(words[at], self.height) or 0.0 for at in (1, 3))
        return x, y, x + across, y + down

    def _oval(self, name: str, words: list[str]) -> Edges:
        at = words.index("at") if "at" in words else len(words)
        x, y = self._centre(words[at + 1 :])
        radii = words[:at] + words[:1] if name == "circle" else words[:at]
        found = []
        for word, of, middle in zip(radii or [""] * 2, (self.width, self.height), (x, y), strict=False):
            near, far = sorted((abs(middle), abs(of - middle)))
            told = self.length(word, of) if word else None
            found.append(far if word == "farthest-side" else near if told is None else told)
        across, down = (found * 2)[:2]
        return x - across, y - down, x + across, y + down

    def _centre(self, words: list[str]) -> tuple[float, float]:
        words = words[:2] + ["center"] * (2 - len(words))
        if words[0] in {"top", "bottom"} or words[1] in {"left", "right"}:
            words.reverse()
        return self.length(words[0], self.width) or 0.0, self.length(words[1], self.height) or 0.0

    def _polygon(self, inside: str) -> Edges | None:
        corners = []
        for part in cut(inside):
            words = _WORD.findall(part)
            if len(words) == len("xy"):
                corners.append((self.length(words[0], self.width) or 0.0, self.length(words[1], self.height) or 0.0))
        if not corners:
            return None
        across, down = zip(*corners, strict=True)
        pairs = zip(corners, corners[1:] + corners[:1], strict=True)
        area = abs(sum(one[0] * other[1] - other[0] * one[1] for one, other in pairs)) / 2
        if area < _LEAST_AREA:
            return 0.0, 0.0, 0.0, 0.0
        return min(across), min(down), max(across), max(down)


def four(words: list[str]) -> tuple[str, str, str, str] | None:
    """Return top, right, bottom and left of a shorthand for four sides; None where nothing is written."""
    if not words:
        return None
    right = words[1] if len(words) > 1 else words[0]
    bottom = words[2] if len(words) > 2 else words[0]  # noqa: PLR2004  # top right bottom left
    return words[0], right, bottom, words[3] if len(words) > 3 else right  # noqa: PLR2004  # top right bottom left
