"""A pattern as a tree: what is read, what is put together, and what is left to RE2."""

import pytest

from gatepost.decide.guards.beyond_ascii import ALL
from gatepost.decide.guards.nodes import Edge, Either, One, Row, Times, ones_of
from gatepost.decide.guards.pattern_tree import tree_of
from gatepost.decide.guards.patterns import PatternError, compile_pattern, translated


def one(signs: str) -> One:
    beyond = tuple((ord(sign), ord(sign)) for sign in signs if not sign.isascii())
    return One(sum(1 << ord(sign) for sign in signs if sign.isascii()), beyond)


def root(source: str) -> object:
    compile_pattern(source)  # what is read here RE2 has read before
    tree = tree_of(translated(source))
    assert tree is not None
    return tree


A, B = one("a"), one("b")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a", A),
        ("ab", Row((A, B))),
        ("a|ab", Either((A, Row((A, B))))),
        ("(a|b)", one("ab")),
        ("[ab]", one("ab")),
        ("(?i)k", one("kK\u212a")),
        ("(?i:a)b(?i)b", Row((one("aA"), B, one("bB")))),
        ("((?i)a)b", Row((one("aA"), B))),
        (r"\x61", A),
        (r"a\Bb", Row((A, Edge.NOT_WORD, B))),
        (r"\bb\z", Row((Edge.WORD, B, Edge.END))),
        ("(?m)^b$", Row((Edge.LINE_BEGIN, B, Edge.LINE_END))),
        ("a{,2}", Row((A, *(one(sign) for sign in "{,2}")))),
        ("a??", Times(A, 0, 1)),
        ("(?<one>a)+", Times(A, 1, None)),
        ("(x+x+)+y", Row((Times(one("x"), 2, None), one("y")))),
        ("((a{0,30}){0,30})", Times(A, 0, 900)),
        ("(a{2,3}){4}", Times(Times(A, 2, 3), 4, 4)),
        ("(a+){3,}", Times(A, 3, None)),
        ("(a{2,})*", Times(Times(A, 2, None), 0, None)),
        ("(a{0}){2}", Row(())),
    ],
)
def test_a_pattern_is_read(source: str, expected: object) -> None:
    assert root(source) == expected


@pytest.mark.parametrize("source", ["[^a]", r"\D", "[[:^digit:]]", "(?s).", r"[^\n]", r"\W"])
def test_most_classes_have_all_characters_beyond_ascii_or_none(source: str) -> None:
    letter = root(source)
    assert isinstance(letter, One)
    assert letter.beyond == ALL


def test_the_letters_of_a_tree_are_told() -> None:
    tree = tree_of("^(?:ab|c{2,3})+")
    assert tree is not None
    assert list(ones_of(tree)) == [A, B, one("c")]


@pytest.mark.parametrize("source", [r"\101", r"\Ba?", r"\B", "(" * 60 + "a" + ")" * 60])
def test_what_is_not_sure_is_left_to_re2(source: str) -> None:
    """RE2 finds no word's edge between the octets of one character, too."""
    try:
        compile_pattern(source)
    except PatternError:
        return
    assert tree_of(translated(source)) is None
