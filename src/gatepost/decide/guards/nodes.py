"""What a pattern's tree is made of, and what the tree says of itself. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from gatepost.decide.guards.beyond_ascii import NONE, Ranges


class Edge(Enum):
    """A place between two characters."""

    BEGIN = auto()
    END = auto()
    LINE_BEGIN = auto()
    LINE_END = auto()
    WORD = auto()
    NOT_WORD = auto()


@dataclass(frozen=True, slots=True)
class One:
    """One character: of ASCII one that ``members`` has a bit for, or one of those ``beyond``."""

    members: int
    beyond: Ranges = NONE


@dataclass(frozen=True, slots=True)
class Row:
    """One after the other."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """Any of them."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Times:
    """At least and at most so many times; ``most`` None is no limit."""

    part: "Node"
    least: int
    most: int | None


Node = One | Row | Either | Times | Edge


_SPELLED_OUT = 3
"""So few letters in a row are less work than a count."""


def exactly(part: Node, times: int) -> Node:
    """Return a part so often, one after the other."""
    return Row((part,) * times) if isinstance(part, One) and times <= _SPELLED_OUT else Times(part, times, times)


def bare(node: Node) -> Node:
    """Return a tree that is found in the same texts, without what only makes a match longer.

    Where a pattern begins or ends, more of the same is no other answer: ``x+`` is ``x`` there, and ``x*`` is nothing.
    """
    return _bare(_bare(node, 0), -1)


def _bare(node: Node, side: int) -> Node:
    """Shorten one side: the beginning is 0, the end -1."""
    match node:
        case Times() if node.least <= 1:
            return _bare(node.part, side) if node.least else Row(())
        case Times():
            return exactly(node.part, node.least)
        case Either():
            parts = tuple(dict.fromkeys(_bare(part, side) for part in node.parts))
            return Row(()) if Row(()) in parts else parts[0] if len(parts) == 1 else Either(parts)
        case Row() if node.parts:
            rest = node.parts[1:] if side == 0 else node.parts[:-1]
            outer = _bare(node.parts[side], side)
            if outer == Row(()):
                return _bare(rest[0] if len(rest) == 1 else Row(rest), side)
            inner = outer.parts if isinstance(outer, Row) else (outer,)
            return Row((*inner, *rest) if side == 0 else (*rest, *inner))
        case _:
            return node


def may_be_nothing(node: Node) -> bool:
    """Tell whether a tree may match without a character."""
    match node:
        case One():
            return False
        case Edge():
            return True
        case Row():
            return all(map(may_be_nothing, node.parts))
        case Either():
            return any(map(may_be_nothing, node.parts))
        case Times():
            return node.least == 0 or may_be_nothing(node.part)


def edges_of(node: Node) -> Iterator[Edge]:
    """Return each edge of a tree."""
    match node:
        case Edge():
            yield node
        case Row() | Either():
            for part in node.parts:
                yield from edges_of(part)
        case Times():
            yield from edges_of(node.part)
        case One():
            pass


def ones_of(node: Node) -> Iterator[One]:
    """Return each letter of a tree."""
    match node:
        case One():
            yield node
        case Row() | Either():
            for part in node.parts:
                yield from ones_of(part)
        case Times():
            yield from ones_of(node.part)
        case Edge():
            pass


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


def ways_of(tree: Node) -> tuple[Node, ...]:
    """Return what a pattern is one of."""
    return tree.parts if isinstance(tree, Either) else (tree,)


def row_of(node: Node) -> tuple[Node, ...]:
    """Return what a node has one after the other."""
    return node.parts if isinstance(node, Row) else (node,)
