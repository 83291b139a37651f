"""A pattern as a tree: what is read, what is put together, and what is left to RE2."""

import pytest

from gatepost.decide.pattern_tree import KELVIN, OTHER, Edge, Either, One, Row, Times, tree_of
from gatepost.decide.patterns import PatternError, compile_pattern, translated


def bit(*kinds: str | int) -> int:
    return sum(1 << (ord(kind) if isinstance(kind, str) else kind) for kind in kinds)


def root(source: str) -> object:
    compile_pattern(source)  # what is read here RE2 has read before
    tree = tree_of(translated(source))
    assert tree is not None
    return tree.root


A, B = One(bit("a")), One(bit("b"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a", A),
        ("ab", Row((A, B))),
        ("a|ab", Either((A, Row((A, B))))),
        ("(a|b)", One(bit("a", "b"))),
        ("[ab]", One(bit("a", "b"))),
        ("(?i)k", One(bit("k", "K", KELVIN))),
        ("(?i:a)b(?i)b", Row((One(bit("a", "A")), B, One(bit("b", "B"))))),
        ("((?i)a)b", Row((One(bit("a", "A")), B))),
        (r"\x61", A),
        (r"\bb\z", Row((Edge.WORD, B, Edge.END))),
        ("(?m)^b$", Row((Edge.LINE_BEGIN, B, Edge.LINE_END))),
        ("a{,2}", Row((A, *(One(bit(sign)) for sign in "{,2}")))),
        ("a??", Times(A, 0, 1)),
        ("(?<one>a)+", Times(A, 1, None)),
        ("(x+x+)+y", Row((Times(One(bit("x")), 2, None), One(bit("y"))))),
        ("((a{0,30}){0,30})", Times(A, 0, 900)),
        ("(a{2,3}){4}", Times(Times(A, 2, 3), 4, 4)),
        ("(a+){3,}", Times(A, 3, None)),
        ("(a{2,})*", Times(Times(A, 2, None), 0, None)),
        ("(a{0}){2}", Times(Times(A, 0, 0), 2, 2)),
    ],
)
def test_a_pattern_is_read(source: str, expected: object) -> None:
    assert root(source) == expected


@pytest.mark.parametrize("source", ["[^a]", r"\D", "[[:^digit:]]", "(?s).", r"[^\n]", r"\W"])
def test_most_classes_have_all_other_characters_or_none(source: str) -> None:
    one = root(source)
    assert isinstance(one, One)
    assert one.is_whole
    assert one.members >> OTHER & 1


@pytest.mark.parametrize("source", [r"\pL", "\u00fc", "[a\u00fc]", r"\x{fc}", r"[\xfc]", r"[^\PL]", r"a\Bb"])
def test_what_tells_characters_beyond_ascii_apart_is_for_ascii_text_alone(source: str) -> None:
    tree = tree_of(translated(source))
    assert tree is not None
    assert not tree.is_whole


@pytest.mark.parametrize("source", [r"\101", "(" * 60 + "a" + ")" * 60])
def test_what_is_not_sure_is_left_to_re2(source: str) -> None:
    try:
        compile_pattern(source)
    except PatternError:
        return
    assert tree_of(translated(source)) is None
