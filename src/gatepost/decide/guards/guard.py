"""Guards: patterns that keep a message from passing, whatever rule speaks for it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatepost.decide.body import TEXT_MAX_OCTETS, Place, in_one_line, spellings
from gatepost.decide.guards.candidates import Together
from gatepost.decide.guards.patterns import Pattern
from gatepost.decide.paper import Disposition
from gatepost.verify.paper import Content

GUARDS_WORK_MAX = 1 << 31
"""RE2 instructions times octets, for one message.

What ``plan`` lets in spends some hundredths of a nanosecond on each, whatever the text.
"""


@dataclass(frozen=True, slots=True)
class Guard:
    """One entry of ``contentGuards``; ``action`` None: the policy's default action."""

    pattern: Pattern
    reason: str
    places: frozenset[Place] = frozenset({Place.BODY})
    action: Disposition | None = None


def compile_guards(normal: Iterable[Mapping[str, Any]]) -> tuple[Guard, ...]:
    """Return guards that were read."""
    return tuple(
        Guard(
            pattern=guard["reject"],
            reason=guard["reason"],
            places=frozenset(map(Place, guard.get("in", (Place.BODY,)))),
            action=Disposition(guard["action"]) if "action" in guard else None,
        )
        for guard in normal
    )


class Guarded:
    """A policy's guards as texts are asked of them.

    Attributes:
        cost: RE2 instructions of all guards together; times the octets of a text, it bounds the work.
        most_octets: how much text they can read in their time bound.
        readers: the indexes of those that read a place, of each place that any reads.
        together: their patterns, asked of each text at once.
    """

    __slots__ = ("cost", "most_octets", "readers", "together")

    def __init__(self, guards: Sequence[Guard]) -> None:
        self.cost = sum(each.pattern.cost for each in guards)
        self.most_octets = min(TEXT_MAX_OCTETS, GUARDS_WORK_MAX // max(self.cost, 1))
        reading = ((place, [index for index, each in enumerate(guards) if place in each.places]) for place in Place)
        self.readers = tuple((place, frozenset(indexes)) for place, indexes in reading if indexes)
        self.together = Together([each.pattern for each in guards])

    def warm(self) -> None:
        """Compile for Hyperscan, where that is worth it."""
        self.together.warm()


def strictest_hit(
    guards: tuple[Guard, ...], guarded: Guarded, content: Content, *, otherwise: Disposition
) -> tuple[int, Disposition] | None:
    """Return the index of the guard that finds its pattern, and what it does then; None where all is clear.

    Of several the strictest counts, of equally strict ones the first: nobody gets a mild answer to one thing for
    having written another.

    Args:
        guards: of one policy.
        guarded: the same, to be asked at once.
        content: what they read.
        otherwise: what guards do that name no action of their own.

    Raises:
        TooLongError: there is more text than they can read in their time bound.
    """
    left = guarded.most_octets
    readers_of: dict[bytes, frozenset[int]] = {}  # the same text may stand in several places, and is read once
    known: dict[str, tuple[bytes, ...]] = {}
    for place, readers in guarded.readers:
        texts = spellings(content, place, most_octets=left, known=known)
        left -= sum(map(len, texts))
        for text in texts:
            readers_of[text] = readers_of.get(text, frozenset()) | readers
    found: set[int] = set()
    for text, readers in readers_of.items():
        found |= _found(text, readers, guarded.together)
    if not found:
        return None
    actions = [(index, guards[index].action or otherwise) for index in sorted(found)]
    return max(actions, key=lambda hit: hit[1].strictness)  # of equally strict ones the first


def _found(text: bytes, readers: frozenset[int], together: Together) -> set[int]:
    """Return which of the readers find their pattern in a text as it is, or in one line."""
    line = in_one_line(text)
    if line == text:
        return together.found(text, readers)
    found = together.found(line, readers)
    left = readers - together.blind - found
    return found | together.found(text, left) if left else found
