"""The guess over many patterns: it may name too many, and never misses one that RE2 finds."""

import random
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpu import least_cpu_s
from decide.scene import content, document, evidence, inbound
from gatepost.decide import settle
from gatepost.decide.guards.candidates import FEW, Together, for_hyperscan
from gatepost.decide.guards.patterns import PatternError, compile_pattern, translated
from gatepost.decide.language import parse
from gatepost.decide.paper import Facts
from gatepost.decide.reasons import Reason

ATOMS = [
    "a", "k", "K", "s", "1", " ", ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", r"\B", "^", "$", r"\n", r"\t",
    r"\v", r"\x{6b}", r"\u00fc", "\u00fc", "\u212a", r"\pL", r"\PL", "[a-k]", "[^a-k]", r"[^\s]", r"[\S1]", r"[\d\s]",
    "[[:alpha:]]", "(?:as|k)", "(?i:K)", "(?<n>s)", r"\z", r"\A", r"\101", r"\.", "(?-i:k)", "",
]  # fmt: skip
QUANTIFIERS = ["", "", "", "?", "*", "+", "{2}", "{0,3}", "*?", "{1,}"]
PREFIXES = ["", "", "(?i)", "(?s)", "(?m)", "(?im)"]
SIGNS = "akKsS1 .\n\t\v\r\u00fc\u00dc\u212a\u017f\u0130_-\x85\u2028"

sources = st.builds(
    lambda prefix, parts, others: prefix + "".join(a + q for a, q in parts) + "".join(f"|{other}" for other in others),
    st.sampled_from(PREFIXES),
    st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(QUANTIFIERS)), min_size=1, max_size=5),
    st.lists(st.sampled_from(ATOMS), max_size=1),
)


def compiled(source: str) -> str:
    """Return the source if RE2 can compile it, else one that it can."""
    try:
        return compile_pattern(source).source
    except PatternError:
        return "k"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(sources.map(compiled), min_size=FEW, max_size=FEW + 2),
    st.lists(st.text(SIGNS, max_size=12), min_size=1, max_size=4),
)
def test_no_guess_misses_what_re2_finds(written: list[str], texts: list[str]) -> None:
    patterns = [compile_pattern(source) for source in written]
    together = Together(patterns)
    for is_warm in (False, True):
        if is_warm:
            together.warm()
        for text in texts:
            octets = text.encode()
            found = {index for index, pattern in enumerate(patterns) if pattern.is_in(octets)}
            assert found <= set(together.candidates(octets)), is_warm
            assert found == together.found(octets, range(len(patterns))), is_warm


@pytest.mark.parametrize(
    ("source", "spelled"),
    [
        (r"a\sb", r"a[\t\n\f\r ]b"),
        (r"[\s.]+\S", r"[\t\n\f\r .]+[^\t\n\f\r ]"),
        ("(?i)wire", "(?i)wire"),
        ("b\u00fccher", "b\u00fccher"),
        ("(?i)b\u00fccher", None),
        (r"(?i)b\u00fccher", None),
        (r"[^\S]", None),
        (r"\pL", None),
        (r"\v", None),
        (r"1\B1", None),
        ("a{0,8}b{9}c{0,200}d{100,}[{9}]", "a{0,8}b{8,}c{0,}d{8,}[{9}]"),
        ("[[:alpha:]]", None),
        (r"\[\S", r"\[[^\t\n\f\r ]"),
    ],
)
def test_what_the_engines_read_differently_is_respelled_or_left_out(source: str, spelled: str | None) -> None:
    assert for_hyperscan(translated(source)) == spelled


def test_patterns_one_engine_cannot_compile_are_asked_each_time() -> None:
    large = compile_pattern("(?:[a-z]{1,20} ){20}")
    together = Together([compile_pattern("never")] * FEW + [large] * 12)
    together.warm()
    assert set(together.candidates(b"never mind")) >= set(range(FEW))


def test_hyperscan_is_not_asked_where_one_automaton_of_re2_tells_all() -> None:
    together = Together([compile_pattern(rf"(?i)\bwire\s+{number}\s+[^.]*money") for number in range(100, 200)])
    before = together.candidates(b"no such words")
    together.warm()
    assert set(together.candidates(b"no such words")) == set(before) == set()
    assert together.found(b"wire 142 me some money", range(100)) == {42}


def test_what_one_automaton_tells_is_the_same_with_a_look_for_words_before() -> None:
    sources = [f"(?i)for[a-z]+ {{1,40}}phrase number{number} (now|later)" for number in range(20)]
    together = Together([compile_pattern(source) for source in sources])
    texts = [
        b"Forbidden  PHRASE number7 later",
        b"forbidden phrase",
        b"phrase number77 now",
        "pra\u017fe number7 now".encode(),
    ]
    cold = [together.found(text, range(20)) for text in texts]
    together.warm()
    assert [together.found(text, range(20)) for text in texts] == cold == [{7}, set(), set(), set()]


WORDS = ("ignore", "previous", "instructions", "transfer", "wire", "password", "secret", "urgent", "account", "invoice")


def guards(count: int, rnd: random.Random) -> list[dict[str, str]]:
    def pattern(number: int) -> str:
        first, second, third = rnd.choices(WORDS, k=3)
        return rf"(?i){first}\s+(?:all\s+)?{second}{number}\b.{{0,4}}{third}"

    return [{"reject": pattern(number), "reason": "r"} for number in range(count)]


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_hundred_rules_and_two_hundred_guards_take_few_milliseconds(*, is_warm: bool) -> None:
    """The aim is 3 ms; three times as much is allowed here, for slower machines."""
    rnd = random.Random(1)
    written = document({"address": "boss@example.com"})
    rules = [{"match": {"domain": "example.com"}, "when": {"injectionScore": {"atLeast": 0.9}}} for _ in range(99)]
    written = {**written, "senders": [*rules, *written["senders"]], "contentGuards": guards(200, rnd)}
    policy, _ = parse(written, version=1)
    if is_warm:
        policy.guarded.warm()
    text = " ".join(rnd.choices([*WORDS, "the", "and", "meeting", "regards"], k=9_000))[:50_000]
    mail = inbound(evidence(content=content(text)))
    assert settle(mail, policy, Facts()).decision.reason is Reason.RULE_MATCHED
    took = 1_000 * least_cpu_s(lambda: settle(mail, policy, Facts()), 5)
    assert took < 9


@pytest.mark.parametrize("is_warm", [False, True])
@pytest.mark.parametrize("signs", ["ab", "abc1", "abc\u00fc"])
def test_hard_patterns_keep_the_bound_and_stay_linear(signs: str, *, is_warm: bool) -> None:
    """RE2 alone takes two seconds for these: its states are more than it can keep, and it starts anew at each octet."""
    hard = [{"reject": f"(a|b)*a(a|b){{{30 + number % 70}}}c{number}{{2}}d", "reason": "r"} for number in range(200)]
    policy, _ = parse({**document(), "contentGuards": hard}, version=1)
    if is_warm:
        policy.guarded.warm()
    rnd = random.Random(1)
    short, long = (inbound(evidence(content=content("".join(rnd.choices(signs, k=k))))) for k in (6_000, 48_000))
    assert settle(long, policy, Facts()).decision.reason is Reason.RULE_MATCHED
    once, eight = (1_000 * least_cpu_s(partial(settle, mail, policy, Facts()), 5) for mail in (short, long))
    assert eight < 8 * 3 * once + 5
    assert eight < 30
