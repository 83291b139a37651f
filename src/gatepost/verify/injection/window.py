"""The worst stretch of one text: the phrases that stand close together, each counted once."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gatepost.verify.injection.phrases import PHRASES

REACH_CHARS = 400
"""How far apart phrases may end and still speak of one thing."""


class Window(NamedTuple):
    """``weight`` is the sum over distinct phrases; ``ends`` says where each of them first ends."""

    weight: float
    ends: Mapping[int, int]


_NOTHING = Window(0.0, {})


def worst(found: Sequence[tuple[int, int]], weights: Sequence[float]) -> Window:
    """Return the heaviest window of ``REACH_CHARS``; linear in the number of hits.

    Args:
        found: where a phrase ends, and its place in ``PHRASES``, in order.
        weights: what each phrase counts; none is negative, so more text never weighs less.
    """
    if not found:
        return _NOTHING
    count = [0] * len(PHRASES)
    total = best = 0.0
    low = best_low = best_high = 0
    for high, (end, phrase) in enumerate(found):
        count[phrase] += 1
        if count[phrase] == 1:
            total += weights[phrase]
        while end - found[low][0] > REACH_CHARS:
            gone = found[low][1]
            count[gone] -= 1
            if count[gone] == 0:
                total -= weights[gone]
            low += 1
        if total > best + 1e-9:
            best, best_low, best_high = total, low, high + 1
    ends: dict[int, int] = {}
    for end, phrase in found[best_low:best_high]:
        ends.setdefault(phrase, end)
    return Window(best, ends)
