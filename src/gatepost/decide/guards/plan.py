"""Which engine is asked for which pattern, so that no text makes the answer slow; what fits none is refused. Pure.

What ``positions`` can tell for certain costs a number of units that is known before any text is read (``work``). What
it cannot, or only with very many, is RE2's, if the states it can come to need are few (``automaton``).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.automaton import STATES_MAX, is_small
from gatepost.decide.guards.blanks import is_blind
from gatepost.decide.guards.nodes import Node, bare, ones_of
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.patterns import translated
from gatepost.decide.guards.positions import Branch, in_kinds, may_stay_open
from gatepost.decide.guards.work import Work

UNITS_MAX = 3_000
"""Of all guards of a policy. One takes 0.37 us for 50 KB at most, so that all take some 1.1 ms a text."""
_LOOKED_UP = 2_000
"""So many are spent where the characters of a text are looked up one by one,"""
_UPPER = 600
"""and more where their kinds need two octets."""
_MANY = 1_000
"""Units from which all patterns are tried with RE2 first,"""
_COSTLY = 150
"""and from which a single one is."""
_STATES_OF_OPEN_MAX = 1_000
"""What repeats without end meets new states in each text that was made for it."""
_OCTET = 256
_CLASSES_MAX = 2_000
"""Classes, and letters where case does not count, of all patterns together: each is looked up for itself."""
_CLASSES_PER_NAME = 100
"""One of Unicode's classes is looked up, once, among all characters there are."""
_FOLDS = re.compile(r"\(\?[a-z]*i")
_NAME = re.compile(r"\\[pP](?:\{[^}]*\}|.)")
_REPEATS = re.compile(r"(?<!\\)[*+?{]")
_COUNT = re.compile(r"(?<!\\)\{([0-9]+)(?:,([0-9]*))?\}")
_COUNT_MAX = 8
"""What is counted further is proposed without a count."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of which engine.

    Attributes:
        trees: all that were understood, by index.
        alphabet: what they tell apart.
        placed: those that are asked of all places at once, in the kinds of the alphabet.
        swift: the indexes of those that RE2 is asked for.
        faults: of those that fit none: index and reason.
    """

    trees: Mapping[int, Node] = field(default_factory=dict)
    alphabet: Alphabet = field(default_factory=lambda: Alphabet(()))
    placed: Mapping[int, Node] = field(default_factory=dict)
    swift: tuple[int, ...] = ()
    faults: tuple[tuple[int, str], ...] = ()


@lru_cache(maxsize=16)
def plan_of(sources: tuple[str, ...]) -> Plan:
    """Return the plan for patterns that could be compiled, in the spelling of ECMAScript."""
    spelled = tuple(map(translated, sources))
    trees, faults = _trees(spelled)
    swift = _swift(*_in_kinds(trees))
    placed, alphabet = _in_kinds({index: tree for index, tree in trees.items() if index not in swift})
    left, whole, seeing = UNITS_MAX, Work(alphabet), Work(alphabet)
    fixed = 0 if alphabet.is_quick else _LOOKED_UP + _UPPER * (alphabet.kinds > _OCTET)
    passes = 0
    for index, tree in placed.items():
        is_seeing = not is_blind(tree)
        units = whole.add(tree) + (seeing.add(tree) if is_seeing else 0)
        if passes < 1 + is_seeing:
            units, passes = units + fixed * (1 + is_seeing - passes), 1 + is_seeing
        left -= units
        if may_stay_open(tree):
            faults.append((index, _OPEN))
        elif left < 0:
            faults.append((index, _TOO_MUCH.format(units)))
            break
    strange = [index for index in range(len(sources)) if index not in trees]
    return Plan(trees, alphabet, placed, (*swift, *strange), tuple(sorted(faults)))


def _in_kinds(trees: Mapping[int, Node]) -> tuple[dict[int, Node], Alphabet]:
    alphabet, known = Alphabet(one.beyond for tree in trees.values() for one in ones_of(tree)), dict[Node, Node]()
    return {index: in_kinds(tree, alphabet, known) for index, tree in trees.items()}, alphabet


_TOO_MUCH = f"brings the work of all guards above {UNITS_MAX} units: it adds {{}}"
_OPEN = "repeats something whose length changes, in more ways than can be told in time"
_STRANGE = (
    "is written in a way whose time has no known bound: by octal numbers, by groups within more than 40 groups, or by "
    "\\B where no character need stand"
)
_MANY_CLASSES = f"has more classes, with the other guards, than the {_CLASSES_MAX} that are looked up"


def _trees(spelled: Sequence[str]) -> tuple[dict[int, Node], list[tuple[int, str]]]:
    trees: dict[int, Node] = {}
    faults: list[tuple[int, str]] = []
    left, names = _CLASSES_MAX, set[str]()
    for index, source in enumerate(spelled):
        new = set(_NAME.findall(source)) - names
        names |= new
        folded = sum(not sign.isascii() for sign in source) if _FOLDS.search(source) else 0
        left -= source.count("[") + _CLASSES_PER_NAME * len(new) + folded
        if left < 0:
            faults.append((index, _MANY_CLASSES))
            break
        tree = tree_of(source)
        if tree is not None:
            trees[index] = bare(tree)
        elif _REPEATS.search(source):
            faults.append((index, _STRANGE))
    return trees, faults


def _swift(trees: Mapping[int, Node], alphabet: Alphabet) -> tuple[int, ...]:
    """Return those that RE2 is asked for, few states for all: the ones that may stay open, and costly ones."""
    opens = [index for index, tree in trees.items() if may_stay_open(tree)]
    if opens and not _is_small(opens, trees, alphabet, _STATES_OF_OPEN_MAX):
        return ()
    work = Work(alphabet)
    if sum(work.add(tree) for tree in trees.values()) > _MANY and _is_small(trees, trees, alphabet):
        return tuple(trees)
    costly = [index for index, tree in trees.items() if index not in opens and Work(alphabet).add(tree) > _COSTLY]
    return (
        tuple(sorted([*opens, *costly])) if costly and _is_small([*opens, *costly], trees, alphabet) else tuple(opens)
    )


def _is_small(
    chosen: Iterable[int], trees: Mapping[int, Node], alphabet: Alphabet, states_max: int = STATES_MAX
) -> bool:
    return is_small(Branch({index: trees[index] for index in chosen}), alphabet, states_max)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A guard that would cost too much: its index, why, and a spelling that finds as much or more and is let in."""

    index: int
    reason: str
    nearest: str | None


def refusals(sources: tuple[str, ...]) -> list[Refusal]:
    """Return what keeps patterns that could be compiled from being asked in bounded time."""
    faults = dict(plan_of(sources).faults)
    wider = tuple(_COUNT.sub(_widened, source) for source in sources)
    is_help = bool(faults) and wider != sources and not plan_of(wider).faults
    return [
        Refusal(index, reason, wider[index] if is_help and wider[index] != sources[index] else None)
        for index, reason in faults.items()
    ]


def _widened(count: re.Match[str]) -> str:
    least, most = int(count[1]), int(count[2] or count[1])
    if max(least, most) <= _COUNT_MAX:
        return count[0]
    return "+" if least else "*"
