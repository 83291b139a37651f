"""Patterns asked of all places of a text at once: as fast for a hostile text as for any other. Pure.

RE2 keeps the states it meets, and where a pattern has too many of them for that (a counted repetition after something
that begins anywhere) it becomes some hundred times slower. Here a set of places is one whole number, and a step of the
pattern is a shift and an "and" of such numbers, whatever the text: linear in both, and with no states to run out of.

A shift costs as much as five "ands". So after a letter the places stay where they are, with a note how far they are
ahead, and the next letter's places are moved back instead: those are moved once for all patterns.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeGuard

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.nodes import Edge, Either, Node, One, Row, Times, length_of, row_of, ways_of
from gatepost.decide.guards.planes import Planes

ROUNDS_MAX = 64
"""So often something of changing length is repeated; a text that needs more leaves the pattern undecided."""
AHEAD_MAX = 12
"""Letters after which places are moved."""


class UndecidedError(Exception):
    """This text needs more rounds than there may be."""


class Branch:
    """Patterns that begin alike, as a tree of what follows what: what they share is asked once."""

    __slots__ = ("_steps", "ending", "following")

    def __init__(self, trees: Mapping[int, Node] | None = None) -> None:
        self._steps: list[tuple[tuple[int, ...], Node | None, Branch]] | None = None
        self.following: dict[Node, Branch] = {}
        self.ending: set[int] = set()
        for index, tree in (trees or {}).items():
            for way in ways_of(tree):
                self._add(index, row_of(way))

    def _add(self, index: int, parts: Iterable[Node]) -> None:
        branch = self
        for part in parts:
            branch = branch.following.setdefault(part, Branch())
        branch.ending.add(index)

    @property
    def steps(self) -> "list[tuple[tuple[int, ...], Node | None, Branch]]":
        """Return what follows: letters in a row that only one goes on from, or another part; and what comes then."""
        if self._steps is None:
            self._steps = [_step(part, rest) for part, rest in self.following.items()]
        return self._steps

    def all_below(self) -> set[int]:
        """Return the indexes of all patterns that go on from here."""
        found: set[int] = set()
        waiting = [self]
        while waiting:
            one = waiting.pop()
            found |= one.ending
            waiting.extend(one.following.values())
        return found


def _step(part: Node, rest: Branch) -> tuple[tuple[int, ...], Node | None, Branch]:
    letters: list[int] = []
    while isinstance(part, One):
        letters.append(part.members)
        if rest.ending or len(rest.following) != 1:
            break
        ((further, after),) = rest.following.items()
        if not isinstance(further, One):
            break
        part, rest = further, after
    return (tuple(letters), None, rest) if letters else ((), part, rest)


def in_kinds(node: Node, alphabet: Alphabet, known: dict[Node, Node]) -> Node:
    """Return a tree whose letters have a bit for each kind of an alphabet: that is quick to look up.

    Equal parts become one and the same, ``known`` so far, so that asking need not compare them.
    """
    found: Node
    match node:
        case One():
            found = One(node.members | alphabet.members(node.beyond)) if node.beyond else node
        case Edge():
            return node
        case Row():
            found = Row(tuple(in_kinds(part, alphabet, known) for part in node.parts))
        case Either():
            found = Either(tuple(in_kinds(part, alphabet, known) for part in node.parts))
        case Times():
            found = Times(in_kinds(node.part, alphabet, known), node.least, node.most)
    return known.setdefault(found, found)


class Places:
    """One text, of which several patterns are asked, each in the kinds of its alphabet."""

    __slots__ = ("_back", "_lengths", "_runs", "_text")

    def __init__(self, text: Planes) -> None:
        self._text = text
        self._back: tuple[dict[int, int], ...] = tuple({} for _ in range(AHEAD_MAX + 2))
        self._runs: dict[tuple[int, int], int] = {}  # by the part's id: equal parts are the same
        self._lengths: dict[int, int | None] = {}

    def found(self, branch: Branch) -> tuple[set[int], set[int]]:
        """Return the indexes of the patterns that match somewhere, and of those that could not be told."""
        found: set[int] = set()
        open_: set[int] = set()
        waiting = [self._children(branch, self._text.places, 0, found, open_)]
        while waiting:  # the first child of a child first: few numbers are in memory at a time
            child = next(waiting[-1], None)
            if child is None:
                waiting.pop()
            else:
                waiting.append(self._children(*child, found, open_))
        return found, open_ - found

    def _children(
        self, branch: Branch, at: int, ahead: int, found: set[int], open_: set[int]
    ) -> Iterator[tuple[Branch, int, int]]:
        """Return what follows, where it begins, and how far that is ahead."""
        found |= branch.ending
        moved = None if ahead else at
        for letters, part, rest in branch.steps:
            if part is None:
                there, further = self._letters(letters, at, ahead)
            elif is_any(part) and ahead < AHEAD_MAX:
                there, further = self._any(part, at, ahead)
            else:
                moved = at << ahead if moved is None else moved
                try:
                    there, further = self._after(part, moved), 0
                except UndecidedError:
                    open_ |= rest.all_below()
                    continue
            if there:
                yield rest, there, further

    def _letters(self, letters: Iterable[int], at: int, ahead: int) -> tuple[int, int]:
        """Pass letters in a row; return the places, and how far they are ahead."""
        for members in letters:
            if ahead >= AHEAD_MAX:
                at, ahead = at << ahead, 0
            there = self._back[ahead].get(members)
            at &= self._moved_back(members, ahead) if there is None else there
            if not at:
                return 0, 0
            ahead += 1
        return at, ahead

    def _any(self, part: Times, at: int, ahead: int) -> tuple[int, int]:
        """Pass any number of one letter, or any number but none, in the same way."""
        members = part.part.members if isinstance(part.part, One) else 0
        if part.least:
            at, ahead = self._letters((members,), at, ahead)
        there = self._moved_back(members, ahead)
        return ((at & there) + there ^ there) | at, ahead

    def _moved_back(self, members: int, ahead: int) -> int:
        """Return where a class stands, moved back by so many places."""
        found = self._back[ahead].get(members)
        if found is None:
            found = self._back[ahead][members] = self._text.of(members) >> ahead
        return found

    def _after(self, node: Node, at: int) -> int:
        """Return where ``node`` may end, of all places where it may begin."""
        if not at:
            return 0
        match node:
            case One():
                return (at & self._text.of(node.members)) << 1
            case Edge():
                return at & self._text.at(node)
            case Row():
                return self._row(node.parts, at)
            case Either():
                found = 0
                for part in node.parts:
                    found |= self._after(part, at)
                return found
            case Times():
                return self._times(node, at)

    def _row(self, parts: tuple[Node, ...], at: int) -> int:
        ahead = 0
        for part in parts:
            if isinstance(part, One):
                at, ahead = self._letters((part.members,), at, ahead)
            elif is_any(part) and ahead < AHEAD_MAX:
                at, ahead = self._any(part, at, ahead)
            else:
                at, ahead = self._after(part, at << ahead), 0
            if not at:
                return 0
        return at << ahead

    def _length(self, node: Node) -> int | None:
        if id(node) not in self._lengths:
            self._lengths[id(node)] = length_of(node)
        return self._lengths[id(node)]

    def _times(self, node: Times, at: int) -> int:
        if node.least == 0 and at == self._text.places:
            return at
        length = self._length(node.part)
        if length == 0:
            return self._after(node.part, at) if node.least else at
        if length is None:
            return self._repeat(node, at)
        if node.least:
            at = at << node.least * length & self._run(node.part, length, node.least)
        if node.most is None and isinstance(node.part, One):
            return self._any(Times(node.part, 0, None), at, 0)[0]
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
        if times * length > self._text.count:
            return 0
        key = id(part), times
        if key not in self._runs:
            if times == 1:
                self._runs[key] = self._after(part, self._text.places)
            else:
                half = 1 << (times - 1).bit_length() - 1  # the largest power of two below
                run = self._run(part, length, half)
                self._runs[key] = run & run << (times - half) * length if run else 0
        return self._runs[key]

    def _repeat(self, node: Times, at: int) -> int:
        """Repeat what has no one length: until nothing new is reached."""
        for _ in range(node.least):
            at = self._after(node.part, at)
        new, rounds = at, node.least
        while new and (node.most is None or rounds < node.most):
            if node.most is None and rounds >= node.least + ROUNDS_MAX:
                raise UndecidedError
            reached = at | self._after(node.part, new)
            at, new = reached, reached ^ at  # "and not" takes as long as ten "ands"
            rounds += 1
        return at


def is_any(part: Node) -> TypeGuard[Times]:
    """Tell whether a part is any number of one letter."""
    return isinstance(part, Times) and part.most is None and part.least <= 1 and isinstance(part.part, One)


def may_stay_open(node: Node) -> bool:
    """Tell whether some text leaves a pattern undecided: it repeats without end what has no one length."""
    match node:
        case Row() | Either():
            return any(map(may_stay_open, node.parts))
        case Times():
            return (node.most is None and length_of(node.part) is None) or may_stay_open(node.part)
        case _:
            return False
