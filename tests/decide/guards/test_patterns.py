import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.guards.patterns import PATTERN_MAX_CHARS, PROGRAM_MAX, PatternError, compile_pattern


@pytest.mark.parametrize(
    ("source", "construct"),
    [
        ("(?=a)", "look-ahead (?="),
        ("(?!a)", "negative look-ahead (?!"),
        ("(?<=a)b", "look-behind (?<="),
        ("(?<!a)b", "negative look-behind (?<!"),
        ("(?:(?=a))", "look-ahead (?="),
        ("(?>a)", "an atomic group (?>"),
        ("(?#a)", "a comment (?#"),
        ("(?(1)a|b)", "a conditional group (?("),
        ("(?|a)", "a branch reset (?|"),
        ("(?R)", "recursion (?R"),
        ("(?&n)", "recursion (?&"),
        ("(?P>n)", "recursion (?P>"),
        ("(?P<n>a)(?P=n)", "a backreference (?P="),
        (r"(a)\1", r"a backreference \1"),
        (r"(a)(?:\1)", r"a backreference \1"),
        (r"(?<n>a)\k<n>", r"a named backreference \k"),
        ("a++", "a possessive quantifier"),
        ("a*+", "a possessive quantifier"),
        ("a?+", "a possessive quantifier"),
        ("a{2,3}+", "a possessive quantifier"),
        (r"\C", r"the escape \C"),
        (r"\Qa.b\E", r"the escape \Q"),
        ("[]", "an empty character class []"),
        ("[^]", "an empty character class []"),
        (r"\u12", r"the escape \u is not followed by"),
        (r"\u{110000}", r"the escape \u names no character"),
        (r"\ud800", r"the escape \u names no character"),
        (r"\Z", r"\Z"),
        (r"\p{Script=Greek}", r"\p{Script=Greek}"),
        ("(a", "missing )"),
        ("a)", "unexpected )"),
        ("[a", "missing ]"),
        ("a{1001}", "{1001}"),
        ("*a", "*"),
        ("\ud800", "a lone surrogate"),
        ("\\", "trailing \\"),
    ],
)
def test_what_re2_cannot_express_is_refused_by_name(source: str, construct: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(source)
    assert construct in str(caught.value)


@pytest.mark.parametrize(
    ("source", "hit", "miss"),
    [
        ("(?i)Ignore", "IGNORE", "ignor"),
        ("(?i:a)b", "Ab", "AB"),
        (r"\u0041", "A", "u0041"),
        (r"\u{1F600}", "\U0001f600", "F"),
        (r"\ud83d\ude00", "\U0001f600", "d"),
        (r"[\u0041-\u0043]", "B", "D"),
        (r"(?:\u0041)", "A", "B"),
        (r"(?<word>a+)b", "aab", "a"),
        (r"(?P<word>a+)b", "aab", "a"),
        (r"[\b]", "\b", "b"),
        (r"\bcat\b", "a cat", "concat"),
        (r"\cJ", "\n", "J"),
        (r"[\cJ]", "\n", "J"),
        (r"\/x", "/x", "x"),
        ("[(?=]", "=", "a"),
        ("[a[]", "[", "b"),
        (r"[a\]]", "]", "\\"),
        ("[[:digit:]]", "7", "a"),
        ("[^a]b", "cb", "ab"),
        ("a+?b", "ab", "b"),
        (r"\x41", "A", "x"),
        ("^a", "ab", "ba"),
        ("a$", "ba", "a\n"),
        ("a.b", "a\u00e4b", "a\nb"),
        ("(?s)a.b", "a\nb", "ab"),
        ("ä", "ä", "a"),
    ],
)
def test_a_pattern_means_what_its_author_wrote(source: str, hit: str, miss: str) -> None:
    pattern = compile_pattern(source)
    assert pattern.is_in(hit.encode())
    assert not pattern.is_in(miss.encode())


def test_a_pattern_has_a_length_and_a_size() -> None:
    assert compile_pattern("a" * PATTERN_MAX_CHARS).cost <= PROGRAM_MAX
    with pytest.raises(PatternError, match="longer than 2000 characters"):
        compile_pattern("a" * (PATTERN_MAX_CHARS + 1))
    with pytest.raises(PatternError, match="more than 4000 instructions"):
        compile_pattern(r"\p{L}" * 4)
    with pytest.raises(PatternError, match="too large"):
        compile_pattern(r"\p{L}{900}")


@pytest.mark.parametrize(
    "source",
    [
        "(a+)+$",
        "(a|a)*$",
        "(a|aa)+$",
        "(.*)*x",
        "(a*)*b",
        r"(\w+\s?)+$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(a?){30}a{30}$",
    ],
)
def test_patterns_that_explode_elsewhere_stay_linear(source: str) -> None:
    pattern = compile_pattern(source)
    text = ("a" * 500_000 + "!").encode()
    began = time.perf_counter()
    assert pattern.is_in(text) in {True, False}
    assert time.perf_counter() - began < 2


def test_refused_patterns_are_not_written_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PatternError):
        compile_pattern("(secret")
    assert capfd.readouterr().err == ""


def test_patterns_are_equal_where_their_sources_are() -> None:
    assert compile_pattern("a") == compile_pattern("a")
    assert compile_pattern("a") != compile_pattern("b")


pieces = st.sampled_from(
    ["a", "[", "]", "(", ")", "(?", "(?:", "\\", "\\u", "{", "}", "1", "+", "?", "*", "^", "-", "|", "<", "\\1"]
)


@given(st.lists(pieces).map("".join) | st.text())
def test_any_text_compiles_or_is_refused(source: str) -> None:
    try:
        said = compile_pattern(source).source
    except PatternError as error:
        said = str(error) + source
    assert said.endswith(source)
