"""What is open at a place of a page, and what tags do there: worked out once, for newsletters repeat their rows."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_drawing import OUTLINES
from gatepost.verify.reading.html_open import Open
from gatepost.verify.reading.html_scan import RAW_TEXT, Start
from gatepost.verify.reading.html_writing import BREAKS, STRUCTURE, Writing

Op: TypeAlias = partial[None]
"""What is told to the page's writing, wherever it stands."""
Key: TypeAlias = str | tuple[object, ...]


class Endings(dict[tuple[str, bool, bool], list[partial[None]]]):
    """What the ends of elements do, by their tags, and whether they have their place, and those around them."""


MAX_KEPT = 10_000
"""Steps and runs that are kept of one document: each takes one to two kilobytes."""
_SHAPING = frozenset(
    """background bgcolor class color data hidden id link open popover style text type""".split()  # noqa: SIM905  # one list of words
)
"""Attributes whose values change how an element looks or what it is; of others it is at most that they are there."""
_DRAWINGS = frozenset({"svg", "math"})
_NEVER = RAW_TEXT | OUTLINES | {"html", "body", "col", "colgroup", "math"}


class State:
    """What is open at one place of a page: from the element opened last to the outermost.

    Attributes:
        element: the one opened last; None where none is.
        around: what is open around it; itself where nothing is.
        depth: how many elements are open.
        hidden_by: why words are not seen that stand here.
        is_live: the elements count what is written in them, so that no step is known beforehand.
        is_preformatted: white space is kept.
        is_table: the element is a table.
        steps: what each tag did here.
        runs: the same of several in a row, as they are written.
    """

    __slots__ = (
        "around", "depth", "element", "hidden_by", "is_live", "is_preformatted", "is_table", "runs", "steps",
    )  # fmt: skip

    def __init__(
        self, element: Open | None, around: "State | None", *, is_live: bool = False, is_table: bool = False
    ) -> None:
        self.element = element
        self.around = self if around is None else around
        self.depth: int = 0 if around is None else around.depth + 1
        self.hidden_by: Technique | None = None if element is None else element.hidden_by
        is_counting = element is not None and (
            element.look.place is not None or element.look.is_drawn or element.tag in _DRAWINGS
        )
        self.is_live: bool = is_live or is_counting or (around is not None and around.is_live)
        is_inside = around is not None and around.is_preformatted
        self.is_preformatted: bool = is_inside or (element is not None and element.tag == "pre")
        self.is_table = is_table
        self.steps: dict[Key, Step] = {}
        self.runs: dict[str, Run] = {}

    def forget(self) -> None:
        """Let go of what tags did here, which holds what is open inside, which holds this."""
        self.steps.clear()
        self.runs.clear()

    def ended(self, tag: str, endings: Endings, writing: Writing) -> "Step | None":
        """Return what the end of an element does, where it is the one opened last and nothing else is asked."""
        element, around = self.element, self.around.element
        if element is None or element.tag != tag or element.is_quote or self.is_live:
            return None
        is_there = around is None or around.look.gone is None
        key = tag, element.look.gone is None, is_there
        ops = endings.get(key)
        if ops is None:
            found: list[Op] = [partial(writing.end, tag)] if element.look.gone is None and tag in STRUCTURE else []
            if tag in BREAKS:
                found.append(partial(writing.break_, BREAKS[tag], is_there=is_there))
            ops = endings[key] = found
        return Step(self.around, ops)


class Step(NamedTuple):
    """What a tag does: ``before`` its attributes are read, and ``after``. ``begins``: it has its place on the page."""

    to: State
    before: Sequence[Op]
    after: Sequence[Op] = ()
    begins: bool = False

    def take(self, writing: Writing, start: Start | None = None) -> None:
        """Do it."""
        for op in self.before:
            op()
        if start is not None:
            if start.attributes:
                writing.attributes(start)
            for op in self.after:
                op()
            if self.begins:
                writing.begin(start)


class Run(NamedTuple):
    """What several tags in a row do, of which nothing is asked where they stand."""

    to: State
    does: Sequence[Op]


def key_of(start: Start, *, asks_names: bool, asks_values: bool) -> Key | None:
    """Return by what a start tag is known to do the same in the same place; None where it may do another thing.

    Args:
        start: the tag.
        asks_names: style sheets may ask which attributes it has.
        asks_values: they may ask what those say, too.
    """
    tag, attributes = start.tag, start.attributes
    if tag in _NEVER:
        return None
    if not attributes:
        return tag
    if asks_values:
        return tag, *attributes.items()
    shape = [item for item in attributes.items() if item[0] in _SHAPING]
    return tag, "href" in attributes, asks_names and tuple(attributes), *shape


def together(ops: Sequence[Op], break_: Callable[..., None]) -> tuple[Op, ...]:
    """Return what does the same in fewer steps: two breaks are one."""
    found: list[Op] = []
    for op in ops:
        last = found[-1] if found else None
        if last is not None and last.func == break_ == op.func:
            both = [one for one in (last, op) if one.keywords["is_there"]]
            level = max((one.args[0] for one in both), default=op.args[0])
            found[-1] = partial(break_, level, is_there=bool(both))
        else:
            found.append(op)
    return tuple(found)
