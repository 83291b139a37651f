"""Patterns made to be slow are refused, or cost what their instructions say."""

import time
from contextlib import suppress

import pytest

from decide.scene import document
from gatepost.decide.grammar import GUARDS_COST_MAX
from gatepost.decide.language import PolicyError, parse

TEXT = ("aB1 \u00e9\u4e2d" * 2_000).encode()
HOSTILE = [
    "a{1000}{1000}",
    "(a{500}){500}",
    "((a{30}){30}){30}",
    "(x+x+)+y",
    "(a|a)*b",
    "(.*)(.*)(.*)(.*)(.*)z",
    "(?i)" + "|".join(f"word{number}" for number in range(200)),
    r"[\p{L}\p{N}]{400}",
    r"\pL{900}",
    r"(\p{Greek}|\p{Han}|\p{Cyrillic}){90}",
    "(" * 900 + "a" + ")" * 900,
    "(a?){900}a{900}",
    ".{999}" * 9,
    "[^a]{1,999}b",
]


@pytest.mark.parametrize("pattern", HOSTILE, ids=lambda pattern: pattern[:20])
def test_a_pattern_made_to_be_slow_is_refused_or_bounded(pattern: str) -> None:
    """Both reading it and asking it; the bounds leave a slow machine room for tens of times what was measured."""
    began = time.process_time()
    with suppress(PolicyError):
        policy, _ = parse({**document(), "contentGuards": [{"reject": pattern, "reason": "r"}]}, version=1)
        assert policy.guarded.cost <= GUARDS_COST_MAX
        policy.guards[0].pattern.is_in(TEXT)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("pattern", "fault"), [(r"\pL{2}", "instructions together"), (r"[\p{L}\p{N}]{400}", "reject")])
def test_many_of_them_are_read_no_further_than_they_may_cost(pattern: str, fault: str) -> None:
    """Of two hundred guards that together are too much, those beyond the bound are not compiled."""
    guards = [{"reject": f"{pattern}{number}", "reason": "r"} for number in range(200)]

    def spent(some: list[dict[str, str]]) -> float:
        began = time.process_time()
        with pytest.raises(PolicyError, match=fault):
            parse({**document(), "contentGuards": some}, version=1)
        return time.process_time() - began

    assert spent(guards) < 3 * spent(guards[:100]) / 2 + 0.5
