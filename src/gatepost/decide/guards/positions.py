"""Patterns asked of all places of a text at once: as fast for a hostile text as for any other. Pure.

RE2 keeps the states it meets, and where a pattern has too many of them for that (a counted repetition after something
that begins anywhere) it becomes some hundred times slower. Here a set of places is one whole number, and a step of the
pattern is a shift and an "and" of such numbers, whatever the text: linear in both, and with no states to run out of.
"""

from collections.abc import Iterable

from gatepost.decide.guards.pattern_tree import Edge, Either, Node, One, Row, Times
from gatepost.decide.guards.planes import Planes

ROUNDS_MAX = 64
"""So often something of changing length is repeated; a text that needs more leaves the pattern undecided."""
ROUNDS_IN_ALL_MAX = 2 * ROUNDS_MAX
"""Of all patterns that are asked of a text."""


class UndecidedError(Exception):
    """This text needs more rounds than there may be."""


class Branch:
    """Patterns that begin alike, as a tree of what follows what: what they share is asked once."""

    __slots__ = ("ending", "following")

    def __init__(self) -> None:
        self.following: dict[Node, Branch] = {}
        self.ending: set[int] = set()

    def add(self, index: int, tree: Node) -> None:
        """Add a pattern by its index."""
        for way in ways_of(tree):
            branch = self
            for part in way.parts if isinstance(way, Row) else (way,):
                branch = branch.following.setdefault(part, Branch())
            branch.ending.add(index)


class Places:
    """One text, of which several patterns are asked."""

    __slots__ = ("_ends", "_rounds_left", "_runs", "_text")

    def __init__(self, text: Planes) -> None:
        self._text = text
        self._ends: dict[Node, int] = {}
        self._runs: dict[tuple[Node, int], int] = {}
        self._rounds_left = ROUNDS_IN_ALL_MAX

    def found(self, branch: Branch) -> tuple[set[int], set[int]]:
        """Return the indexes of the patterns that match somewhere, and of those that could not be told."""
        found: set[int] = set()
        open_: set[int] = set()
        waiting = [(branch, self._text.places)]
        while waiting:
            branch, at = waiting.pop()
            found |= branch.ending
            for part, rest in branch.following.items():
                try:
                    if there := self._after(part, at):
                        waiting.append((rest, there))
                except UndecidedError:
                    open_ |= _all_below(rest)
        return found, open_ - found

    def _after(self, node: Node, at: int) -> int:
        """Return where ``node`` may end, of all places where it may begin."""
        if not at:
            return 0
        match node:
            case One():
                return (at & self._text.of(node)) << 1
            case Edge():
                return at & self._text.at(node)
            case Row():
                for part in node.parts:
                    at = self._after(part, at)
                return at
            case Either():
                return self._any(node.parts, at)
            case Times():
                return self._times(node, at)

    def _any(self, parts: Iterable[Node], at: int) -> int:
        found = 0
        for part in parts:
            found |= self._after(part, at)
        return found

    def _times(self, node: Times, at: int) -> int:
        if node.least == 0 and at == self._text.places:
            return at
        length = length_of(node.part)
        if length == 0:
            return self._after(node.part, at) if node.least else at
        if length is None:
            return self._repeat(node, at)
        if node.least:
            at = at << node.least * length & self._run(node.part, length, node.least)
        if node.most is None and isinstance(node.part, One):
            there = self._text.of(node.part)
            return ((at & there) + there ^ there) | at
        further = self._text.count // length if node.most is None else node.most - node.least
        return self._up_to(node.part, length, further, at)

    def _up_to(self, part: Node, length: int, times: int, at: int) -> int:
        """Return where up to so many in a row may end: one more, then two, four, eight."""
        times = min(times, self._text.count // length)
        done = 0
        while done < times:
            step = min(done + 1, times - done)
            run = self._run(part, length, step)
            if not run and step == done + 1:
                break  # there are no such rows, and so no longer ones
            at |= at << step * length & run
            done += step
        return at

    def _run(self, part: Node, length: int, times: int) -> int:
        """Return where exactly so many in a row end, wherever they begin."""
        if times == 1:
            if part not in self._ends:
                self._ends[part] = self._after(part, self._text.places)
            return self._ends[part]
        if times * length > self._text.count:
            return 0
        key = part, times
        if key not in self._runs:
            half = 1 << (times - 1).bit_length() - 1  # the largest power of two below
            run = self._run(part, length, half)
            self._runs[key] = run & run << (times - half) * length if run else 0
        return self._runs[key]

    def _repeat(self, node: Times, at: int) -> int:
        """Repeat what has no one length: until nothing new is reached."""
        for _ in range(node.least):
            at = self._once_more(node.part, at)
        new, rounds = at, node.least
        while new and (node.most is None or rounds < node.most):
            if rounds >= node.least + ROUNDS_MAX:
                raise UndecidedError
            new = self._once_more(node.part, new) & ~at
            at |= new
            rounds += 1
        return at

    def _once_more(self, part: Node, at: int) -> int:
        if not at:
            return 0
        self._rounds_left -= 1
        if self._rounds_left < 0:
            raise UndecidedError
        return self._after(part, at)


def ways_of(tree: Node) -> tuple[Node, ...]:
    """Return what a pattern is one of."""
    return tree.parts if isinstance(tree, Either) else (tree,)


def may_stay_open(node: Node) -> bool:
    """Tell whether some text leaves a pattern undecided: it repeats what has no one length."""
    match node:
        case Row() | Either():
            return any(map(may_stay_open, node.parts))
        case Times():
            return length_of(node.part) is None or may_stay_open(node.part)
        case _:
            return False


def _all_below(branch: Branch) -> set[int]:
    found: set[int] = set()
    waiting = [branch]
    while waiting:
        one = waiting.pop()
        found |= one.ending
        waiting.extend(one.following.values())
    return found


def length_of(node: Node) -> int | None:
    """Return how many characters a node has; None where that changes."""
    match node:
        case One():
            return 1
        case Edge():
            return 0
        case Row():
            lengths = [length_of(part) for part in node.parts]
            return None if None in lengths else sum(filter(None, lengths))
        case Either():
            return _only({length_of(part) for part in node.parts})
        case Times():
            length = length_of(node.part)
            return None if length is None or (node.most != node.least and length) else length * node.least


def _only(lengths: set[int | None]) -> int | None:
    return lengths.pop() if len(lengths) == 1 else None
