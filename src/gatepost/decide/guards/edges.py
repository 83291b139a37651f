r"""Whether a pattern's edges can hold at all: ``a\bb`` and ``(a^b)`` match nothing, whatever the text. Pure."""

from enum import Enum, auto
from functools import reduce

from gatepost.decide.guards.beyond_ascii import FIRST
from gatepost.decide.guards.nodes import Edge, Either, Node, One, Row, Times
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.patterns import Pattern, never_matches, translated


class _Kind(Enum):
    """What stands beside a place in a text, as far as an edge can tell."""

    NOTHING = auto()
    LINE = auto()
    WORD = auto()
    OTHER = auto()


_WORDS = sum(1 << ord(char) for char in map(chr, range(FIRST)) if char.isalnum() or char == "_")
_LINE = 1 << ord("\n")
_Place = tuple[_Kind, frozenset[_Kind]]
"""What stands before a place, and what may still stand after it."""
_ANY = frozenset(_Kind)
_TURNS = 8


def is_void(pattern: Pattern) -> bool:
    """Tell whether no text can match: proven, so that False may also mean that nobody knows."""
    tree = tree_of(translated(pattern.source))
    return never_matches(pattern) or (tree is not None and not may_match(tree))


def may_match(node: Node) -> bool:
    """Tell whether some text may have what a pattern looks for; False is proven: its edges contradict one another."""
    return bool(_walk(node, frozenset((kind, _ANY) for kind in _Kind)))


def _walk(node: Node, places: frozenset[_Place]) -> frozenset[_Place]:
    match node:
        case One():
            kinds = _kinds_of(node)
            return frozenset((kind, _ANY) for _, after in places for kind in kinds & after)
        case Row(parts):
            return reduce(lambda found, part: _walk(part, found), parts, places)
        case Either(parts):
            return frozenset().union(*(_walk(part, places) for part in parts))
        case Times():
            return _repeat(node, places)
        case Edge():
            met = ((before, after & _after(node, before)) for before, after in places)
            return frozenset((before, after) for before, after in met if after)


def _repeat(node: Times, places: frozenset[_Place]) -> frozenset[_Place]:
    """Walk a part as often as must be, and then as often as may be; of long runs more is taken than there is."""
    for _ in range(min(node.least, _TURNS)):
        places = _walk(node.part, places)
    found, turn = places, 0
    while node.most is None or turn < node.most - node.least or node.least > _TURNS:
        more = found | _walk(node.part, found)
        if more == found:
            break
        found, turn = more, turn + 1
    return found


def _kinds_of(one: One) -> frozenset[_Kind]:
    rest = bool(one.members & ~_WORDS & ~_LINE) or bool(one.beyond)
    is_in = {_Kind.WORD: bool(one.members & _WORDS), _Kind.LINE: bool(one.members & _LINE), _Kind.OTHER: rest}
    return frozenset(kind for kind, there in is_in.items() if there)


def _after(edge: Edge, before: _Kind) -> frozenset[_Kind]:
    match edge:
        case Edge.BEGIN:
            return _ANY if before is _Kind.NOTHING else frozenset()
        case Edge.LINE_BEGIN:
            return _ANY if before in {_Kind.NOTHING, _Kind.LINE} else frozenset()
        case Edge.END:
            return frozenset({_Kind.NOTHING})
        case Edge.LINE_END:
            return frozenset({_Kind.NOTHING, _Kind.LINE})
        case Edge.WORD | Edge.NOT_WORD:
            is_word_next = (before is _Kind.WORD) == (edge is Edge.NOT_WORD)
            return frozenset({_Kind.WORD}) if is_word_next else _ANY - {_Kind.WORD}
