"""What asking patterns costs, counted before any text is read: never less than what is done then."""

import random

import pytest

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.nodes import Node, bare, ones_of
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.patterns import translated
from gatepost.decide.guards.positions import in_kinds
from gatepost.decide.guards.work import SHIFT, Work


def units(*sources: str) -> list[int]:
    trees: list[Node] = [bare(tree) for source in sources if (tree := tree_of(translated(source)))]
    alphabet = Alphabet(one.beyond for tree in trees for one in ones_of(tree))
    work = Work(alphabet)
    return [work.add(in_kinds(tree, alphabet, {})) for tree in trees]


def test_what_was_asked_before_costs_nothing() -> None:
    first, same, longer, other = units("wire", "wire", "wires", "money")
    assert same == 0
    assert 0 < longer < first
    assert other > longer


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("xa{9}y", "xa{900}y"),
        ("x(?:ab|c){9}y", "x(?:ab|c){90}y"),
        ("x[ab]y", "x[acegikmoqsuwy]y"),
        ("x(?:ab|cd)*y", "x(?:ab|c)*y"),
        ("xa*y", "x(?:ab)*y"),
        ("a|b", "aa|bb|cc"),
        ("xy", r"x\by"),
        ("x[\u0410-\u042f]y", "x[\u0410\u0411\u0413]y[\u0410-\u042f]z"),
    ],
)
def test_what_is_more_work_has_more_units(less: str, more: str) -> None:
    assert units(less)[0] < units(more)[0]


def test_a_count_costs_its_logarithm_where_the_length_is_one() -> None:
    assert units("xa{900}y")[0] - units("xa{450}y")[0] <= 2 * (SHIFT + 1)


def test_any_number_of_a_letter_costs_what_an_addition_does() -> None:
    """An addition of large numbers takes five times as long as an "and"; it was counted as one of three steps."""
    assert units("xa*y")[0] - units("xay")[0] >= 2 * SHIFT


def test_each_class_is_counted_once() -> None:
    drawn = random.Random(1)
    classes = ["[" + "".join(drawn.sample("abcdefghijklmnopqrstuvwxyz", 13)) + "]" for _ in range(40)]
    many = units("".join(classes) + "!")[0]
    assert many > 40 * 10
    assert units(*(f"{one}!" for one in classes), "".join(classes) + "!")[-1] < many
