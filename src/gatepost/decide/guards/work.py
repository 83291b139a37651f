"""What asking patterns of all places of a text costs at most, counted before any text is read. Pure.

One unit is an "and" of two whole numbers with a bit for each place of the text. Nothing is left out for a text in which
a pattern ends early: each part is counted as if it had been reached.
"""

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.nodes import Edge, Either, Node, One, Row, Times, length_of, row_of, ways_of
from gatepost.decide.guards.planes import rows_of
from gatepost.decide.guards.positions import AHEAD_MAX, ROUNDS_MAX, Branch, is_any

SHIFT = 4
"""Moving all places is as much work as so many "ands"."""
_ANY = 9
"""Passing any number of one letter adds two numbers, which takes as long as five "ands", besides four quick steps."""
_LONGEST = 16
"""Doublings until a row of one thing is as long as a text."""


class Work:
    """Adds patterns, each in the kinds of one alphabet, and says what each adds to what was asked before it."""

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._branch = Branch()
        self._moved: set[int] = set()
        self._known: set[object] = set()

    def add(self, tree: Node) -> int:
        """Return the units of one more pattern."""
        return sum(self._way(row_of(way)) for way in ways_of(tree))

    def _way(self, parts: tuple[Node, ...]) -> int:
        branch, ahead, units = self._branch, 0, 0
        for part in parts:
            is_ahead = ahead < AHEAD_MAX and (isinstance(part, One) or is_any(part))
            if not is_ahead and ahead and id(branch) not in self._moved:
                self._moved.add(id(branch))
                units += SHIFT
            if part not in branch.following:
                units += self._stay(part, ahead) if is_ahead else self._after(part)
                branch.following[part] = Branch()
            ahead = ahead + _letters(part) if is_ahead else 0
            branch = branch.following[part]
        return units

    def _stay(self, part: Node, ahead: int) -> int:
        match part:
            case One():
                return self._letter(part, ahead)
            case Times(One() as one, least):
                return sum(self._letter(one, ahead + more) for more in range(least + 1)) + _ANY
            case _:
                return self._after(part)

    def _letter(self, one: One, ahead: int) -> int:
        units = 1 + self._once(("class", one.members), self._class(one.members))
        return units + self._once(("back", one.members, ahead), SHIFT if ahead else 0)

    def _once(self, key: object, units: int) -> int:
        if key in self._known:
            return 0
        self._known.add(key)
        return units

    def _class(self, members: int) -> int:
        if members.bit_count() > self._alphabet.kinds // 2:
            members ^= (1 << self._alphabet.kinds) - 1
        units = 1
        for row, highs in rows_of(members):
            units += 2 + len(highs) + self._once(("low", row), row.bit_count())
            units += sum(self._once(("high", high), 3) for high in highs)
        return units

    def _after(self, node: Node) -> int:
        match node:
            case One():
                return 1 + SHIFT + self._once(("class", node.members), self._class(node.members))
            case Edge():
                return 1 + self._once(node, 2 * SHIFT)
            case Row():
                return self._row(node.parts)
            case Either():
                return sum(1 + self._after(part) for part in node.parts)
            case Times():
                return self._times(node)

    def _row(self, parts: tuple[Node, ...]) -> int:
        units, ahead = SHIFT, 0
        for part in parts:
            if ahead < AHEAD_MAX and (isinstance(part, One) or is_any(part)):
                units += self._stay(part, ahead)
                ahead += _letters(part)
            else:
                units += SHIFT + self._after(part)
                ahead = 0
        return units

    def _times(self, node: Times) -> int:
        length = length_of(node.part)
        if length == 0:
            return self._after(node.part)
        if length is None:
            rounds = node.least + ROUNDS_MAX if node.most is None else node.most
            return rounds * (3 + self._after(node.part))
        units = self._run(node.part, node.least) + SHIFT + 1 if node.least else 0
        if node.most is None and isinstance(node.part, One):
            return units + _ANY + SHIFT + self._once(("class", node.part.members), self._class(node.part.members))
        times = 1 << _LONGEST if node.most is None else node.most - node.least
        done = 0
        while done < times:
            step = min(done + 1, times - done)
            units += self._run(node.part, step) + SHIFT + 2
            done += step
        return units

    def _run(self, part: Node, times: int) -> int:
        if ("run", part, times) in self._known:
            return 0
        self._known.add(("run", part, times))
        if times == 1:
            return self._after(part)
        half = 1 << (times - 1).bit_length() - 1
        return self._run(part, half) + SHIFT + 1


def _letters(part: Node) -> int:
    return part.least if isinstance(part, Times) else 1
