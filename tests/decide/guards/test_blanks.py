"""What a pattern finds in a text it finds in the text in one line, too, or it is not said to."""

import re2
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.body import in_one_line
from gatepost.decide.guards.blanks import is_blind
from gatepost.decide.guards.nodes import Node
from gatepost.decide.guards.pattern_tree import tree_of


def tree(source: str) -> Node:
    found = tree_of(source)
    assert found is not None
    return found


BLIND = [
    "wire",
    "wire money",
    r"(?i)wire\s+money",
    r"wire\s*(?:all\s+)?money\b",
    "wire.{0,60}money",
    "(?s)wire.*money",
    r"(?:\w+\s)*x",
    "[^.]*x",
    r"(a|b)*a(a|b){30}c",
]
SEEING = [
    "wire  money",
    r"wire\s\s+money",
    r"wire\n",
    "^wire",
    "(?m)wire$",
    "> wire",
    r"\S{6}",
    " wire",
    "wire.{2,9}money",
    r"(?: a )*x",
    r"a\B b",
    r"(?:a|\s)\sb",
    r"a.+ b",
    "x[^ ]y",
]


def test_patterns_that_ask_for_one_blank_and_no_line_are_blind() -> None:
    assert [source for source in BLIND if not is_blind(tree(source))] == []
    assert [source for source in SEEING if is_blind(tree(source))] == []


letters = st.sampled_from(["a", "b", " ", r"\s", ".", "[a ]", r"\n", r"[^a]", r"\b", ">", r"[a\n]", r"\w"])
sources = st.recursive(
    letters,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,2}"])).map(
            lambda one: f"(?:{one[0]}){one[1]}"
        ),
    ),
    max_leaves=8,
)


@given(sources, st.sampled_from(["", "(?s)"]), st.lists(st.text("ab \n>\t\v", max_size=12), min_size=6, max_size=6))
def test_what_a_blind_pattern_finds_it_finds_in_one_line(source: str, flags: str, texts: list[str]) -> None:
    if is_blind(tree(flags + source)):
        pattern = re2.compile(f"{flags}{source}")
        for text in texts:
            if pattern.search(text):
                assert pattern.search(in_one_line(text.encode()).decode()), text
