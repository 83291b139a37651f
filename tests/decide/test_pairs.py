from itertools import permutations
from typing import Any

from gatepost.decide.pairs import pair, unmoved


def _rule(name: str = "", domain: str = "a.example", **more: object) -> dict[str, Any]:
    return {**({"name": name} if name else {}), "match": {"domain": domain}, **more}


def test_a_name_goes_before_all_else() -> None:
    before = [_rule("a", "a.example"), _rule("b", "b.example")]
    assert pair(before, [_rule("b", "a.example"), _rule("a", "b.example")]) == {0: 1, 1: 0}


def test_a_rule_that_got_a_name_is_the_same_and_two_names_are_two_rules() -> None:
    assert pair([_rule()], [_rule("a")]) == {0: 0}
    assert pair([_rule("a")], [_rule("b")]) == {0: 0}  # alike in all but the name
    assert pair([_rule("a")], [_rule("b", action="hold")]) == {}


def test_rules_of_one_match_are_the_same_in_their_order() -> None:
    assert pair([_rule(labels=["x"]), _rule(labels=["y"])], [_rule(labels=["y"]), _rule(labels=["z"])]) == {0: 1, 1: 0}


def test_what_stands_between_the_same_neighbours_is_the_same_where_it_is_as_many() -> None:
    first, last = _rule("first"), _rule("last")
    assert pair([first, _rule(domain="b.example"), last], [first, _rule(domain="c.example"), last]) == {
        0: 0,
        1: 1,
        2: 2,
    }
    two = [first, _rule(domain="c.example"), _rule(domain="d.example"), last]
    assert pair([first, _rule(domain="b.example"), last], two) == {0: 0, 3: 2}


def test_the_most_that_stand_in_their_order_are_unmoved() -> None:
    for order in permutations(range(5)):
        stood = dict(enumerate(order))
        found = unmoved(stood)
        assert sorted(stood[j] for j in found) == [stood[j] for j in sorted(found)]
        assert len(found) == _longest(order)
    assert unmoved({}) == set()


def _longest(order: tuple[int, ...]) -> int:
    lengths: list[int] = []
    for index, each in enumerate(order):
        lengths.append(1 + max((lengths[i] for i in range(index) if order[i] < each), default=0))
    return max(lengths)
