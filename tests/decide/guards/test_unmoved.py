import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decide.scene import content
from gatepost.decide.body import fold, in_one_line, spellings
from gatepost.decide.disguise import changes_of
from gatepost.decide.guards import Together, compile_pattern
from gatepost.decide.guards.guard import Guard, found_in
from gatepost.decide.guards.unmoved import Unmoved

SOURCES = (
    "wire", r"\bwire\b", r"(?i)wire.{0,3}fee", r"wire\s+fee", r"w.re", r"w.{2}e", r"wi\S{0,2}e", r"w[^i]re",
    r"(?s)^w.*e$",
    r"(?m)^fee", r"fee$", r"\W{2}", "[^ -~]", "\u00a0", "\uff57", "[\uff41-\uff5a]+re", r"wir?e", r"w[i\u200b]*re",
    r"(?:wi|\u200b)+re", r"e\Bf", r"a  b", r"e >", r"\w+\W+fee", r"[a-z]{4}", r"1.2", r".{3}fee", r"e\n+f",
    r"\p{Lu}.e", r"e.*f",
)  # fmt: skip
ALPHABET = "wire fe\n>.12\u00a0\uff57\uff49\uff1e\u200b\ufb01\u00bd\u0308\u00e9\u4e2d\u2026\u00a8\u3164\uff76\uff9e"
TOGETHER = Together(tuple(map(compile_pattern, SOURCES)))
GUARDS = tuple(Guard(pattern=compile_pattern(source), reason="r") for source in SOURCES)


@settings(max_examples=600)
@given(st.lists(st.sampled_from([*ALPHABET, "wire", "fee", "\uff57ire", " \u00a0"]), max_size=12).map("".join))
def test_what_is_not_asked_of_a_text_as_written_is_found_in_it_folded(text: str) -> None:
    said = content(text)
    plainly = {
        index
        for spelling in spellings(said)
        for index, guard in enumerate(GUARDS)
        for each in (spelling, in_one_line(spelling))
        if guard.pattern.is_in(each)
    }
    assert found_in(said, GUARDS, TOGETHER) == plainly


@pytest.mark.parametrize(
    ("source", "text", "is_unmoved"),
    [
        ("wire", "w\u00a0\uff57", True),
        (r"wire.{0,60}fee", "w\u00a0\uff57", True),
        (r"wire.{0,60}fee", "\u200b", True),
        (r"wire.{0,60}fee", "\u2026", False),  # three dots, where one stood
        (r"wire.{3}fee", "\u200b", False),
        (r"\bwire\b", "a\u00a0", True),
        (r"\bwire\b", "a\uff57", False),
        (r"\bwire\b", "a\u200b", False),
        (r"wi[^ ]re", "\u00a0", False),
        (r"(?m)^wire", "\uff1e", False),  # a mark of quotation, once folded
        ("wire", "e\u0308", False),  # one letter is made of two
    ],
)
def test_only_what_folding_cannot_hide_is_asked_once(source: str, text: str, *, is_unmoved: bool) -> None:
    together = Together((compile_pattern(source),))
    assert isinstance(together.unmoved, Unmoved)
    assert (together.unmoved.by(changes_of(text, fold(text), fold)) == {0}) is is_unmoved
