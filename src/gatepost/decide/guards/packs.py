"""Patterns put together, as many as tell few enough characters apart: one reading of a text serves them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.beyond_ascii import Ranges
from gatepost.decide.guards.pattern_tree import Either, Node, Row, Times, ones_of
from gatepost.decide.guards.planes import Planes
from gatepost.decide.guards.positions import Branch, Places

PACKS_MAX = 2
"""Each reads the text for itself. What is in none is left to RE2: words of many scripts, which it reads well."""
_LETTERS_MAX = 100
"""Different letters beyond ASCII in one pack; an octet has names for somewhat more."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Patterns that one alphabet holds, by their indexes."""

    alphabet: Alphabet
    trees: Mapping[int, Node]
    branch: Branch

    def found(self, octets: bytes, read: AbstractSet[int]) -> tuple[set[int], set[int]]:
        """Return which of ``read`` match UTF-8 text, and of which that could not be told."""
        branch = self.branch
        if len(read) * 2 < len(self.trees):
            branch = _branch((index, self.trees[index]) for index in read)
        matched, open_ = Places(Planes(octets, self.alphabet)).found(branch)
        return matched & read, open_ & read


def packs_of(trees: Mapping[int, Node]) -> Iterator[Pack]:
    """Put patterns together, those that repeat something first: they are what RE2 may be slow at."""
    waiting = {index: frozenset(one.beyond for one in ones_of(tree)) for index, tree in trees.items()}
    waiting = dict(sorted(waiting.items(), key=lambda each: not _repeats(trees[each[0]])))
    for _ in range(PACKS_MAX):
        letters: set[Ranges] = set()
        taken: dict[int, Node] = {}
        for index, more in list(waiting.items()):
            if len(letters | more) <= _LETTERS_MAX:
                letters |= more
                taken[index] = trees[index]
                del waiting[index]
        try:
            alphabet = Alphabet(letters)
        except ValueError:  # classes that overlap in very many ways
            return
        if taken:
            yield Pack(alphabet, taken, _branch(taken.items()))


def _repeats(tree: Node) -> bool:
    match tree:
        case Row() | Either():
            return any(map(_repeats, tree.parts))
        case Times():
            return True
        case _:
            return False


def _branch(trees: Iterable[tuple[int, Node]]) -> Branch:
    branch = Branch()
    for index, tree in trees:
        branch.add(index, tree)
    return branch
