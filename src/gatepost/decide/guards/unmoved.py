"""Which patterns find in a folded text whatever they find in it as written: those need not be asked twice. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from gatepost.decide.disguise import Changes
from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.nodes import Edge, Either, Node, One, Row, Times, edges_of

_BLANKS = frozenset("\t\n\v\f\r >")
"""What makes a difference to a text in one line, the mark of quotation among it."""
_WORD = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


class _Use(NamedTuple):
    """A letter of a pattern: its kinds, and whether it may be missing, or stand any number of times."""

    members: int
    is_optional: bool
    is_endless: bool


class Unmoved:
    """Patterns, asked what folding can hide from them.

    Args:
        trees: of the patterns, in the kinds of the alphabet.
        alphabet: what they tell apart.
        blind: those to which it does not matter how a text is broken into lines.
    """

    __slots__ = ("_alphabet", "_edged", "_seeing", "_trees", "_users")

    def __init__(self, trees: Mapping[int, Node], alphabet: Alphabet, blind: Collection[int]) -> None:
        self._alphabet = alphabet
        self._trees = frozenset(trees)
        self._seeing = self._trees.difference(blind)
        self._edged = frozenset(
            index for index, tree in trees.items() if not {Edge.WORD, Edge.NOT_WORD}.isdisjoint(edges_of(tree))
        )
        self._users: dict[_Use, set[int]] = {}
        for index, tree in trees.items():
            for use in _uses(tree):
                self._users.setdefault(use, set()).add(index)

    def by(self, changes: Changes | None) -> frozenset[int]:
        """Return the indexes of the patterns that find, after these changes, all that they found before."""
        if changes is None:
            return frozenset()
        found = set(self._trees)
        if any(not became or not _WORD.isdisjoint(became) for became in changes.values()):
            found -= self._edged
        if any(not became or not _BLANKS.isdisjoint(became) for became in changes.values()):
            found -= self._seeing
        single, several, gone = self._groups(changes)
        for use, users in self._users.items():
            if (
                _is_left(use.members, single)
                or (not use.is_endless and any(use.members >> kind & 1 for kind in several))
                or _is_left(use.members, several)
                or (not use.is_optional and any(use.members >> kind & 1 for kind in gone))
            ):
                found -= users
        return frozenset(found)

    def _groups(self, changes: Changes) -> tuple[dict[int, int], dict[int, int], set[int]]:
        """Return, of each kind, the kinds its characters became: as one, as several; and the kinds of those gone."""
        single, several, gone = dict[int, int](), dict[int, int](), set[int]()
        for sign, became in changes.items():
            kind = self._alphabet.kind_of(sign)
            if not became:
                gone.add(kind)
                continue
            group = single if len(became) == 1 else several
            for each in became:
                group[kind] = group.get(kind, 0) | 1 << self._alphabet.kind_of(each)
        return single, several, gone


def _is_left(members: int, group: Mapping[int, int]) -> bool:
    """Tell whether a letter stands for a kind of which some became what it does not stand for."""
    return any(members >> kind & 1 and members & became != became for kind, became in group.items())


def _uses(node: Node) -> Iterator[_Use]:
    match node:
        case One(members):
            yield _Use(members, is_optional=False, is_endless=False)
        case Times(One(members), least, most):
            yield _Use(members, is_optional=least == 0, is_endless=most is None)
        case Times(part):
            yield from _uses(part)
        case Row(parts) | Either(parts):
            for part in parts:
                yield from _uses(part)
        case Edge():
            pass
