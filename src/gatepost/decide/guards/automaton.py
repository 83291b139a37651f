"""How many states RE2 can come to need for some patterns: counted, up to a bound, before any text is read. Pure.

RE2 keeps the states it meets. Where there are few, it is the fastest engine there is; where there are too many for its
memory, it makes each of them anew, some hundred times slower. The states are those of the subset construction: of the
letters and edges that may come next, and what the last character was, since an edge looks at both sides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.beyond_ascii import FIRST
from gatepost.decide.guards.nodes import Edge, Either, Node, One, Row, Times
from gatepost.decide.guards.positions import Branch

STATES_MAX = 16_000
"""A thousand octets each, and RE2 makes each of them once: some tens of milliseconds in a process's life."""
_STATES_OF_OCTETS = 8
"""Where scripts are told apart, RE2 has so many states between the octets of one character."""
_FEW_KINDS = 4
"""Beyond ASCII: all, and those that are letters of ASCII where case does not count."""
_WORK_MAX = 800_000
"""What counting may cost: kinds of characters for each state, and letters that follow."""
_NODES_MAX = 8_000
_SYMBOLS_MAX = 120
_NEW_LINE = 1 << ord("\n")
_WORD = sum(1 << ord(sign) for sign in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


class _TooLargeError(Exception):
    """There are more letters than are counted."""


@dataclass(slots=True)
class _Net:
    """Letters and edges, by number; ``follow`` says which may come after each, as bits."""

    heads: list[One | Edge] = field(default_factory=list)
    follow: list[int] = field(default_factory=list)

    def add(self, head: One | Edge) -> int:
        if len(self.heads) >= _NODES_MAX:
            raise _TooLargeError
        self.heads.append(head)
        self.follow.append(0)
        return 1 << len(self.heads) - 1

    def link(self, ends: int, firsts: int) -> None:
        for end in _bits(ends):
            self.follow[end] |= firsts


_Part = tuple[int, int, bool]
"""What a part may begin with, what it may end with, and whether it may be nothing."""


def is_small(branch: Branch, alphabet: Alphabet, states_max: int = STATES_MAX) -> bool:
    """Tell whether patterns that are looked for together, anywhere in a text, never need more states than that.

    Args:
        branch: of all of them, in the kinds of the alphabet.
        alphabet: theirs.
        states_max: how many are few.
    """
    net = _Net()
    try:
        start = _start(branch, net)
        if alphabet.kinds > FIRST + _FEW_KINDS:
            states_max //= _STATES_OF_OCTETS
        return _Count(net, _symbols(net, alphabet), states_max).is_small(start)
    except _TooLargeError:
        return False


def _start(branch: Branch, net: _Net) -> int:
    """Build each part once for all patterns that begin alike so far; return what they may begin with."""
    start = 0
    waiting = [(branch, 0, True)]
    while waiting:
        branch, lasts, is_empty = waiting.pop()
        for part, rest in branch.following.items():
            first, last, may_be_nothing = _build(part, net)
            net.link(lasts, first)
            if is_empty:
                start |= first
            waiting.append((rest, last | (lasts if may_be_nothing else 0), is_empty and may_be_nothing))
    return start


def _build(node: Node, net: _Net) -> _Part:
    """Glushkov's construction; a count is written out."""
    match node:
        case One() | Edge():
            here = net.add(node)
            return here, here, False
        case Row():
            return _row(node.parts, net)
        case Either():
            built = [_build(part, net) for part in node.parts]
            firsts = lasts = 0
            for first, last, _ in built:
                firsts, lasts = firsts | first, lasts | last
            return firsts, lasts, any(empty for _, _, empty in built)
        case Times():
            return _times(node, net)


def _row(parts: Iterable[Node], net: _Net) -> _Part:
    firsts, lasts, empty = 0, 0, True
    for part in parts:
        first, last, may_be_nothing = _build(part, net)
        net.link(lasts, first)
        firsts |= first if empty else 0
        lasts = last | (lasts if may_be_nothing else 0)
        empty = empty and may_be_nothing
    return firsts, lasts, empty


def _times(node: Times, net: _Net) -> _Part:
    if node.most is None:
        *before, again = [node.part] * max(node.least, 1)
        one = _build(again, net)
        net.link(one[1], one[0])
        looped = one[0], one[1], one[2] or node.least == 0
    else:
        before, looped, last = [node.part] * node.least, (0, 0, True), 0
        for _ in range(node.most - node.least):  # each needs the one before it
            one = _build(node.part, net)
            net.link(last, one[0])
            last = one[1]
            looped = looped[0] or one[0], looped[1] | last, True
    head = _row(before, net)
    net.link(head[1], looped[0])
    firsts = head[0] | (looped[0] if head[2] else 0)
    lasts = looped[1] | (head[1] if looped[2] else 0)
    return firsts, lasts, head[2] and looped[2]


def _symbols(net: _Net, alphabet: Alphabet) -> list[int]:
    """Return the sets of kinds that letters and edges tell apart."""
    groups = [(1 << alphabet.kinds) - 1]
    for mask in dict.fromkeys((_WORD, _NEW_LINE, *(head.members for head in net.heads if isinstance(head, One)))):
        groups = [part for group in groups for part in (group & mask, group & ~mask) if part]
        if len(groups) > _SYMBOLS_MAX:
            raise _TooLargeError
    return groups


_State = tuple[int, Edge | None]
"""What may come next, and what the last character was: the beginning, a new line, a word's, or another."""


class _Count:
    """The subset construction, as far as it is paid for."""

    def __init__(self, net: _Net, symbols: list[int], states_max: int) -> None:
        self._states_max = states_max
        self._follow = net.follow
        self._edges: dict[Edge, int] = {}
        self._is_edge = 0
        self._read = dict.fromkeys(symbols, 0)
        self._work = 0
        for number, head in enumerate(net.heads):
            if isinstance(head, Edge):
                self._edges[head] = self._edges.get(head, 0) | 1 << number
                self._is_edge |= 1 << number
            else:
                for symbol in symbols:
                    if symbol & head.members:
                        self._read[symbol] |= 1 << number

    def is_small(self, start: int) -> bool:
        """What may begin anywhere is part of each state, so it is followed once."""
        begin: _State = (0, Edge.BEGIN if self._edges else None)
        known, waiting = {begin}, [begin]
        begun = {
            (last, symbol): self._after(start, last, symbol)
            for last in (Edge.BEGIN, Edge.LINE_BEGIN, Edge.WORD, None)
            for symbol in self._read
        }
        while waiting:
            here, last = waiting.pop()
            self._work += len(self._read)
            if len(known) > self._states_max or self._work > _WORK_MAX:
                return False
            for symbol, readers in self._read.items():
                following = begun[last, symbol]
                if here & (readers | self._is_edge):
                    following |= self._after(here, last, symbol)
                after = following & ~start, self._last(symbol)
                if after not in known:
                    known.add(after)
                    waiting.append(after)
        return True

    def _after(self, here: int, last: Edge | None, symbol: int) -> int:
        """Return what may follow a character of that kind."""
        if here & self._is_edge:
            here = self._beyond_edges(here, last, symbol)
        following = 0
        for one in _bits(here & self._read[symbol]):
            self._work += 1
            following |= self._follow[one]
        return following

    def _beyond_edges(self, here: int, last: Edge | None, symbol: int) -> int:
        """Return what may be read next, once the edges that are here have been passed."""
        is_edge_of_word = (last is Edge.WORD) != bool(symbol & _WORD)
        open_ = self._edges.get(Edge.WORD if is_edge_of_word else Edge.NOT_WORD, 0)
        if last is Edge.BEGIN:
            open_ |= self._edges.get(Edge.BEGIN, 0)
        if last in {Edge.BEGIN, Edge.LINE_BEGIN}:
            open_ |= self._edges.get(Edge.LINE_BEGIN, 0)
        if symbol & _NEW_LINE:
            open_ |= self._edges.get(Edge.LINE_END, 0)
        passed = 0
        while new := here & open_ & ~passed:
            passed |= new
            for one in _bits(new):
                self._work += 1
                here |= self._follow[one]
        return here

    def _last(self, symbol: int) -> Edge | None:
        if not self._edges:
            return None
        return Edge.WORD if symbol & _WORD else Edge.LINE_BEGIN if symbol & _NEW_LINE else None


def _bits(number: int) -> Iterator[int]:
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low
