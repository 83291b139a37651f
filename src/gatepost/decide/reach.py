"""Which rules of a policy never speak, because others do before them. Pure.

Only what is proven is said. Rules are asked of each kind of author apart, and of all that the conditions of the rules
concerned tell apart (``cells``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from math import prod

from gatepost.decide.cells import cells
from gatepost.decide.conditions import Condition
from gatepost.decide.language import Rule
from gatepost.decide.paper import Disposition

TOGETHER_MAX = 24
"""How many earlier rules are tried together, those nearest before the rule."""
COMBINATIONS_MAX = 5_000
WORK_MAX = 300_000
"""How often a rule is asked in one policy; beyond that only rules without conditions are looked at."""

_Key = tuple[str, str]
_Told = Mapping[_Key, bool | None]


@dataclass(slots=True)
class Reach:
    """Knows the rules so far; ``covers`` is asked of each rule in order, and then takes it in.

    Attributes:
        now: aware; what has expired by then covers nothing.
    """

    now: datetime
    _by_name: dict[str, list[Rule]] = field(default_factory=dict)
    _work: int = 0

    def covers(self, rule: Rule) -> list[tuple[Rule, ...]]:
        """Return, for each name that the rule goes by, earlier rules that speak for all of it; empty for none."""
        known: dict[tuple[int, ...], tuple[Rule, ...]] = {}
        found = []
        for name in names_of(rule):
            earlier = {each.index: each for above in _above(name) for each in self._by_name.get(above, ())}
            kind = tuple(sorted(earlier))
            if kind not in known:
                known[kind] = self._cover(rule, [earlier[index] for index in kind])
            found.append(known[kind])
        return found

    def take(self, rule: Rule) -> None:
        """Let a rule speak before all that follow."""
        for name in names_of(rule):
            self._by_name.setdefault(name, []).append(rule)

    def _cover(self, rule: Rule, earlier: Sequence[Rule]) -> tuple[Rule, ...]:
        always = next((each for each in earlier if not each.conditions and each.expires_at is None), None)
        if always is not None:
            return (always,)
        for each in earlier:
            self._work += 1
            if self._work > WORK_MAX:
                return ()
            if _is_while(rule, each) and _is_wider(each, rule):
                return (each,)
        return self._together(rule, earlier[-TOGETHER_MAX:])

    def _together(self, rule: Rule, earlier: Sequence[Rule]) -> tuple[Rule, ...]:
        """Return the earlier rules one of which speaks in each case, if so it is."""
        asked = _by_name([condition for each in (*earlier, rule) for condition in each.conditions])
        answers = [(list(conditions), cells(list(conditions.values()))) for conditions in asked]
        apart = [(keys, found) for keys, found in answers if found is not None]
        moments: list[datetime] = [
            self.now,
            *(each.expires_at for each in earlier if each.expires_at and each.expires_at > self.now),
        ]
        count = len(moments) * prod(len(found) for _, found in apart)
        self._work += count
        if len(apart) < len(answers) or count > COMBINATIONS_MAX or self._work > WORK_MAX:
            return ()
        speaking: dict[int, Rule] = {}
        for at in moments:
            for chosen in product(*(found for _, found in apart)):
                told: dict[_Key, bool | None] = {}
                for (keys, _), cell in zip(apart, chosen, strict=True):
                    told.update(zip(keys, cell, strict=True))
                if not _speaks(rule, at, told):
                    continue
                first = next((each for each in earlier if _speaks(each, at, told)), None)
                if first is None:
                    return ()
                speaking[first.index] = first
        return tuple(speaking[index] for index in sorted(speaking))


def names_of(rule: Rule) -> list[str]:
    """Return the names a rule goes by, as far as somebody can be called so under it."""
    return [name for name in rule.names if rule.within is None or name.rpartition("@")[2] == rule.within]


def silent_conditions(rule: Rule) -> Iterator[str]:
    """Yield the names of conditions for which nothing ever holds."""
    for condition in rule.conditions:
        found = cells((condition,))
        if found is not None and not any(_holds(answer, rule) for (answer,) in found):
            yield condition.name


def _above(name: str) -> Iterator[str]:
    """Yield what everybody who goes by a name goes by."""
    yield name
    _, at, domain = name.rpartition("@")
    if at:
        yield domain
    domain = domain.removeprefix("*.")
    while domain and name != "*":
        _, _, domain = domain.partition(".")
        if domain:
            yield f"*.{domain}"
    if name != "*":
        yield "*"


def _key(condition: Condition) -> _Key:
    return condition.name, repr(condition.wanted)


def _by_name(conditions: Sequence[Condition]) -> list[dict[_Key, Condition]]:
    """Return the different conditions, those of one name together."""
    found: dict[str, dict[_Key, Condition]] = {}
    for each in conditions:
        found.setdefault(each.name, {})[_key(each)] = each
    return list(found.values())


def _is_while(rule: Rule, other: Rule) -> bool:
    """Tell whether ``other`` is in force as long as ``rule`` is."""
    return other.expires_at is None or (rule.expires_at is not None and rule.expires_at <= other.expires_at)


def _is_wider(other: Rule, rule: Rule) -> bool:
    """Tell whether the conditions of ``other`` hold wherever those of ``rule`` do: each name by itself."""
    ours = {condition.name: condition for condition in rule.conditions}
    return all(_is_implied(condition, other, ours.get(condition.name), rule) for condition in other.conditions)


def _is_implied(wanted: Condition, other: Rule, given: Condition | None, rule: Rule) -> bool:
    found = cells((wanted,) if given is None else (wanted, given))
    return found is not None and all(_holds(cell[0], other) for cell in found if given is None or _holds(cell[1], rule))


def _speaks(rule: Rule, at: datetime, told: _Told) -> bool:
    is_open = rule.expires_at is None or at < rule.expires_at
    return is_open and all(_holds(told[_key(each)], rule) for each in rule.conditions)


def _holds(answer: bool | None, rule: Rule) -> bool:  # noqa: FBT001  # an answer, as conditions give it
    return answer is True if rule.action is Disposition.DELIVER else answer is not False
