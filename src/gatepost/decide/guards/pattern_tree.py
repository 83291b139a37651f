"""A pattern as a tree, for the engine that reads all places of a text at once (``positions``). Pure.

Only the shape is read here. Which characters a class or an escape stands for is asked of RE2 itself, so that the two
engines cannot read it differently. What is not understood for certain is left out: then RE2 is asked alone.
"""

import re
from collections.abc import Iterator
from functools import lru_cache, reduce
from operator import or_

import re2

from gatepost.decide.guards.beyond_ascii import FIRST, joined, ranges_of
from gatepost.decide.guards.nodes import Edge, Either, Node, One, Row, Times, edges_of, exactly, may_be_nothing

DEPTH_MAX = 40
"""Groups within groups: the tree is walked by recursion."""

_ASCII = "".join(map(chr, range(FIRST)))


class _StrangeError(Exception):
    """Something stands in the pattern that is not understood for certain."""


_LEXEMES = re.compile(
    r"""
      \(\?P<[^>]*>                       (?P<named>)
    | \(\?(?P<flags>[imsU]*(?:-[imsU]+)?)(?P<flagged>[:)])
    | \((?P<group>)(?!\?)
    | \)(?P<close>)
    | \|(?P<bar>)
    | (?:(?P<sign>[*+?])|\{(?P<least>[0-9]{1,4})(?P<comma>,(?P<most>[0-9]{0,4}))?\})\??(?P<quantifier>)
    | \\(?P<edge>[bBAz])
    | (?P<end>[$^])
    | (?P<letter>
          \\x\{[0-9A-Fa-f]{1,6}\} | \\x[0-9A-Fa-f]{2} | \\[pP](?:\{\^?[A-Za-z_]{1,40}\}|[A-Z]) | \\[^0-9xpPBCQE]
        | \[\^?\]?(?:\[:\^?[a-z]{1,10}:\]|\\x\{[0-9A-Fa-f]{1,6}\}|\\[pP]\{[^}]{1,40}\}|\\.|[^\]\\])*\]
        | [^\\\[()]
      )
    """,
    re.VERBOSE | re.DOTALL,
)
_EDGES = {"b": Edge.WORD, "B": Edge.NOT_WORD, "A": Edge.BEGIN, "z": Edge.END}
_SIGNS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def tree_of(source: str) -> Node | None:
    """Return the tree of a pattern that is in RE2's dialect and that RE2 could compile; None where that is not sure."""
    try:
        tree = _Reader(source).read()
    except (_StrangeError, re2.error):
        return None
    # Between the octets of one character RE2 finds an edge, too, if nothing is to be read there.
    return None if Edge.NOT_WORD in edges_of(tree) and may_be_nothing(tree) else tree


class _Reader:
    """Reads with a stack of its own, since strangers choose how deep the groups are."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._flags = frozenset[str]()
        self._branches: list[list[Node]] = [[]]
        self._stack: list[tuple[list[list[Node]], frozenset[str]]] = []

    def read(self) -> Node:
        for found in self._lexemes():
            match found.lastgroup:
                case "group" | "named":
                    self._open(self._flags)
                case "flagged":
                    self._flag(found)
                case "close":
                    self._close()
                case "bar":
                    self._branches.append([])
                case "quantifier":
                    row = self._branches[-1]
                    row.append(_times(row.pop(), *_bounds(found)))
                case "edge":
                    self._branches[-1].append(_EDGES[found["edge"]])
                case "end":
                    self._branches[-1].append(self._anchor(found["end"]))
                case _:
                    self._branches[-1].append(one_of(found[0], "".join(sorted(self._flags & {"i", "s"}))))
        return _either(self._branches)

    def _lexemes(self) -> Iterator[re.Match[str]]:
        at = 0
        while at < len(self._source):
            found = _LEXEMES.match(self._source, at)
            if found is None:
                raise _StrangeError
            yield found
            at = found.end()

    def _open(self, flags: frozenset[str]) -> None:
        if len(self._stack) >= DEPTH_MAX:
            raise _StrangeError
        self._stack.append((self._branches, self._flags))
        self._branches, self._flags = [[]], flags

    def _close(self) -> None:
        inner = _either(self._branches)
        self._branches, self._flags = self._stack.pop()
        self._branches[-1].append(inner)

    def _flag(self, found: re.Match[str]) -> None:
        on, _, off = found["flags"].partition("-")
        flags = (self._flags | set(on)) - set(off)
        if found["flagged"] == ":":
            self._open(flags)
        else:
            self._flags = flags  # until the group ends, as in RE2: beyond a bar, too

    def _anchor(self, sign: str) -> Edge:
        if "m" in self._flags:
            return Edge.LINE_BEGIN if sign == "^" else Edge.LINE_END
        return Edge.BEGIN if sign == "^" else Edge.END


def _bounds(found: re.Match[str]) -> tuple[int, int | None]:
    if found["sign"]:
        return _SIGNS[found["sign"]]
    least = int(found["least"])
    if found["comma"] is None:
        return least, least
    return least, int(found["most"]) if found["most"] else None


@lru_cache(maxsize=4_096)
def one_of(letter: str, flags: str = "") -> One:
    """Return what a letter, an escape or a class stands for, under some of the flags ``i`` and ``s``."""
    if letter.isalnum() and letter.isascii() and not flags:
        return One(1 << ord(letter))
    spelled = f"(?{flags}:{letter})" if flags else letter
    members = sum(1 << found.start() for found in re2.finditer(spelled, _ASCII))
    return One(members, ranges_of(letter, folds="i" in flags))


def _either(branches: list[list[Node]]) -> Node:
    parts = tuple(dict.fromkeys(map(_row, branches)))
    ones = [part for part in parts if isinstance(part, One)]
    if len(ones) == len(parts):
        return One(reduce(or_, (one.members for one in ones)), joined(part for one in ones for part in one.beyond))
    return parts[0] if len(parts) == 1 else Either(parts)


def _row(nodes: list[Node]) -> Node:
    parts: list[Node] = []
    for node in nodes:
        for each in node.parts if isinstance(node, Row) else (node,):
            last = parts[-1] if parts else None
            if last is not None and (joined := _joined(last, each)) is not None:
                parts[-1] = joined
            else:
                parts.append(each)
    return parts[0] if len(parts) == 1 else Row(tuple(parts))


def _joined(first: Node, second: Node) -> Node | None:
    """Return ``x+x+`` as ``x{2,}``; None where they are not times of one thing."""
    if not isinstance(second, Times):
        return None
    one = first if isinstance(first, Times) else Times(first, 1, 1)
    if one.part != second.part:
        return None
    most = None if one.most is None or second.most is None else one.most + second.most
    return Times(second.part, one.least + second.least, most)


def _times(part: Node, least: int, most: int | None) -> Node:
    """Return times of times as one, where that is the same: ``(x{0,30}){0,30}`` is ``x{0,900}``."""
    if (least, most) == (1, 1) or part == Row(()):
        return part
    if isinstance(part, Times):
        if part.most is None and (least == 1 or part.least <= 1):
            if least > 0 or part.least <= 1:
                return Times(part.part, part.least * least, None)
        elif part.most is not None and part.least <= 1 and part.most > 0:
            return Times(part.part, part.least * least, None if most is None else part.most * most)
    return exactly(part, least) if least == most else Times(part, least, most)
