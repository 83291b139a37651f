"""What animations leave an element in: a mail is read longer than they run (CSS Animations 1)."""

import re
from collections.abc import Mapping

from gatepost.verify.reading.html_tokens import parts

_NAMES = ("animation", "-webkit-animation", "animation-name", "-webkit-animation-name")
_TIMES = ("animation-duration", "animation-delay")
_MANNERS = ("animation-fill-mode", "animation-iteration-count", "animation-direction", "animation-play-state")
TELLING = frozenset((*_NAMES, *_TIMES, *_MANNERS))
"""Properties that are read here."""
MAX_FRAMES = 1_000
"""Of one document."""
_TIME = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(ms|s)")
_LONG_S = 60.0
"""Nobody waits longer for words to appear, or reads them that long before they go."""
_PLACES = {"from": 0.0, "to": 100.0}


class Animations:
    """The animations that the style sheets of one document describe.

    Simplified: what lies between two frames is not computed. One that is played without end leaves what
    all its frames agree on.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, dict[float, dict[str, str]]]] = {}
        self._agreed: dict[str, dict[str, str]] = {}
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._known)

    def add(self, name: str, rule: object, places: str, style: Mapping[str, str]) -> bool:
        """Take a frame; tell whether there was room.

        Args:
            name: of the animation, in lower case.
            rule: what all frames of one description share; a later one takes the place of an earlier.
            places: as written: ``from``, ``to`` or percentages.
            style: what the frame declares, as far as it can hide text.
        """
        if self._count >= MAX_FRAMES:
            return False
        self._count += 1
        self._agreed.clear()
        before, frames = self._known.get(name, (rule, {}))
        if before is not rule:
            frames = {}
        self._known[name] = (rule, frames)
        for place in places.lower().split(","):
            at = _place(place.strip())
            if at is not None:
                frames[at] = {**frames.get(at, {}), **style}
        return True

    def left(self, style: Mapping[str, str]) -> dict[str, str]:
        """Return the declarations that animations put in the place of an element's own."""
        found: dict[str, str] = {}
        manners = [word for name in (*_TIMES, *_MANNERS) for word in style.get(name, "").split()]
        for told in (part for name in _NAMES if name in style for part in parts(style[name])):
            words = [*told.split(), *manners]
            name = next((word.strip("\"'") for word in words if word.strip("\"'") in self._known), None)
            if name is not None:
                found.update(self._left(name, words))
        return found

    def _left(self, name: str, words: list[str]) -> dict[str, str]:
        """Return what one animation leaves, played in such a manner."""
        frames = self._known[name][1]
        first, last = (frames.get(at, {}) for at in ((100.0, 0.0) if "reverse" in words else (0.0, 100.0)))
        duration_s, delay_s = (*(_seconds(word) for word in words if _TIME.fullmatch(word)), 0.0, 0.0)[:2]
        if delay_s >= _LONG_S:
            return first if not {"both", "backwards"}.isdisjoint(words) else {}
        if "paused" in words or duration_s >= _LONG_S:
            return first
        if "infinite" in words:
            if name not in self._agreed:
                each = [set(frame.items()) for frame in (first, last, *frames.values())]
                self._agreed[name] = dict(set.intersection(*each))
            return self._agreed[name]
        return last if not {"both", "forwards"}.isdisjoint(words) else {}


def _place(told: str) -> float | None:
    try:
        return _PLACES[told] if told in _PLACES else float(told.removesuffix("%"))
    except ValueError:
        return None


def _seconds(told: str) -> float:
    return float(told.removesuffix("ms")) / 1_000 if told.endswith("ms") else float(told.removesuffix("s"))
