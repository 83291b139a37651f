"""What a condition can be answered, by the kinds of evidence that the conditions of a policy tell apart. Pure.

A cell stands for all evidence of one sort that answers every condition of that sort alike. The cells of one name are
all there are; those of different names are taken to be independent, which real evidence need not be (a mail without
attachments has none of a type). So what holds in all cells holds of all mail, and the reverse may not be true.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from gatepost.decide.conditions import Condition, is_within

Cell = tuple[bool | None, ...]
"""An answer to each of the conditions asked about, in their order."""

LISTS_MAX = 4
"""Of lists of file types; beyond that there are too many ways in which they can overlap."""
_SCORE_MAX = 1_000


def cells(conditions: Sequence[Condition]) -> list[Cell] | None:
    """Return the cells of conditions that share one name, each once; None where they cannot be told apart."""
    make = _CELLS.get(conditions[0].name)
    found = make([each.wanted for each in conditions]) if make else None
    return None if found is None else list(dict.fromkeys(found))


def _known(wanted: Sequence[Any]) -> Iterator[Cell]:
    for answer in (True, False):
        yield tuple(answer is each for each in wanted)


def _unsure(wanted: Sequence[Any]) -> Iterator[Cell]:
    yield from _known(wanted)
    yield (None,) * len(wanted)


def _counted(wanted: Sequence[Mapping[str, int]]) -> Iterator[Cell]:
    edges = {edge for bounds in wanted for edge in bounds.values()}
    for point in sorted({0, *edges, *(edge + 1 for edge in edges), *(max(edge - 1, 0) for edge in edges)}):
        yield tuple(is_within(point, bounds) for bounds in wanted)


def _scored(wanted: Sequence[Mapping[str, int]]) -> Iterator[Cell]:
    edges = {edge for bounds in wanted for edge in bounds.values()}
    for point in sorted({0, *edges, *(max(edge - 1, 0) for edge in edges)}):
        if point <= _SCORE_MAX:
            yield tuple(is_within(point, bounds) for bounds in wanted)


def _some_of(wanted: Sequence[Sequence[str]]) -> Iterator[Cell]:
    """One sign at a time: more of them let more conditions hold, so they leave nothing else uncovered."""
    for sign in (None, *dict.fromkeys(each for signs in wanted for each in signs)):
        yield tuple(sign in signs for signs in wanted)


def _some_of_what_was_read(wanted: Sequence[Sequence[str]]) -> Iterator[Cell]:
    for found in _some_of(wanted):
        yield found
        yield tuple(answer or None for answer in found)  # some of it could not be read


def _one_of(wanted: Sequence[Sequence[str]]) -> Iterator[Cell]:
    yield from _some_of(wanted)
    yield (None,) * len(wanted)


def _same(wanted: Sequence[str]) -> Iterator[Cell]:
    for value in (None, *wanted):
        yield tuple(value == each for each in wanted)


def _sides(wanted: Sequence[tuple[object, str]]) -> Iterator[Cell]:
    for side in ("inside", "outside"):
        yield tuple(side == each for _, each in wanted)  # of the policy's one and only working hours


_ORDER = {False: 0, None: 1, True: 2}


def _types(wanted: Sequence[Sequence[str]], *, is_more_for_longer: bool) -> list[Cell] | None:
    """Files may be of several types, and of each more or less surely; but what a longer list says is ordered."""
    lists = [frozenset(each) for each in wanted]
    if len(set(lists)) > LISTS_MAX:
        return None
    pairs = [(one, other) for one, less in enumerate(lists) for other, more in enumerate(lists) if less <= more]
    found = []
    for cell in product((True, False, None), repeat=len(lists)):
        ranks = [_ORDER[answer] for answer in cell]
        ordered = (
            ranks[one] <= ranks[other] if is_more_for_longer else ranks[other] <= ranks[one] for one, other in pairs
        )
        if all(ordered):
            found.append(cell)
    return found


_CELLS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    **dict.fromkeys(("automatic", "tls", "unreadAttachments", "firstTime", "answersUs", "replayed"), _known),
    **dict.fromkeys(("hiddenText", "hasAttachments"), _unsure),
    **dict.fromkeys(("messageOctets", "attachmentOctets"), _counted),
    "injectionScore": _scored,
    **dict.fromkeys(("injectionFamilies", "scans"), _some_of),
    "techniques": _some_of_what_was_read,
    "language": _one_of,
    "list": _same,
    "workingHours": _sides,
    "attachmentTypes": lambda wanted: _types(wanted, is_more_for_longer=True),
    "otherAttachmentTypes": lambda wanted: _types(wanted, is_more_for_longer=False),
}
