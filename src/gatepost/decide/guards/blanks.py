"""Whether it matters to a pattern how a text is broken into lines. Pure."""

from functools import reduce
from typing import NamedTuple

from gatepost.decide.guards.nodes import Edge, Either, Node, One, Row, Times

_BLANKS = sum(1 << ord(sign) for sign in "\t\n\v\f\r ")
_SPACE = 1 << ord(" ")
_QUOTE = 1 << ord(">")


class _Sides(NamedTuple):
    """Whether a blank must be read before anything solid, from either side, and whether nothing solid need be read."""

    head: bool
    tail: bool
    is_open: bool


_SOLID = _Sides(head=False, tail=False, is_open=False)
_BLANK = _Sides(head=True, tail=True, is_open=True)
_SOFT = _Sides(head=False, tail=False, is_open=True)


class _MattersError(Exception):
    """It may matter."""


def is_blind(tree: Node) -> bool:
    """Tell whether what a pattern finds in a text it finds in the text in one line, too (``body.in_one_line``).

    Proven, so that False may also mean that nobody knows: of each row of blanks, and of the marks of quotation among
    them, a match needs no more than one, which a space can be, and where it begins and ends it needs none.
    """
    try:
        sides = _sides(tree)
    except _MattersError:
        return False
    return not (sides.head or sides.tail)


def _sides(node: Node) -> _Sides:
    match node:
        case Edge():
            if node is not Edge.WORD:
                raise _MattersError
            return _SOFT
        case One():
            return _BLANK if _is_blank(node) else _SOLID
        case Row(parts):
            return reduce(_then, map(_sides, parts), _SOFT)
        case Either(parts):
            return _Sides(*map(any, zip(*map(_sides, parts), strict=True)))
        case Times(part, least, most):
            return _repeated(part, least, most)


def _repeated(part: Node, least: int, most: int | None) -> _Sides:
    if least <= 1 and isinstance(part, One) and _is_blank(part):
        return _BLANK if least else _SOFT
    sides = _sides(part)
    if most != 1 and sides.head and sides.tail:
        raise _MattersError
    return sides if least else sides._replace(is_open=True)


def _then(first: _Sides, second: _Sides) -> _Sides:
    if first.tail and second.head:
        raise _MattersError
    return _Sides(
        first.head or (first.is_open and second.head),
        second.tail or (second.is_open and first.tail),
        first.is_open and second.is_open,
    )


def _is_blank(one: One) -> bool:
    if not one.members & (_BLANKS | _QUOTE):
        return False
    if not one.members & _SPACE:
        raise _MattersError
    return True
