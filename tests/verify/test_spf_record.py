import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.paper import Result
from gatepost.verify.spf_record import MAX_CHARS, SpfSyntaxError, is_spf, parse


def test_terms_are_read_in_order() -> None:
    record = parse("v=spf1 a:x.example/24//64  -ip4:192.0.2.0/24 ?all redirect=y.example unknown=%{d}")
    assert [mechanism.name for mechanism in record.mechanisms] == ["a", "ip4", "all"]
    assert record.mechanisms[0].bits == (24, 64)
    assert record.mechanisms[1].qualifier is Result.FAIL
    assert record.redirect is not None
    assert record.explanation is None


@pytest.mark.parametrize(
    ("text", "expected"), [("v=spf1", True), ("V=SPF1 -all", True), ("v=spf10", False), ("", False)]
)
def test_the_version_tells_spf_from_other_records(text: str, expected: bool) -> None:  # noqa: FBT001  # parametrised
    assert is_spf(text) is expected


@pytest.mark.parametrize(
    "term",
    ["all:x", "ip4", "ip4:", "ip4:1.2.3", "ip4:1.2.3.4/33", "ip4:1.2.3.4/08", "ip4:::1", "ip6:1.2.3.4", "ip6:::1/129",
     "ip6:fe80::1%eth0", "a/33", "a//129", "a/", "a:", "mx:x", "include", "include:", "exists", "ptr/24", "unknown",
     "redirect=", "exp=a", "-redirect=a.example", "redirect=a.example redirect=b.example", "+", "a=%{", "é"],
)  # fmt: skip
def test_what_breaks_the_grammar_is_refused(term: str) -> None:
    with pytest.raises(SpfSyntaxError):
        parse(f"v=spf1 {term} -all")


@given(st.text("ip46amxlcude:/%{}=.-+~? 012", max_size=60))
def test_any_record_is_read_or_refused(text: str) -> None:
    try:
        parse("v=spf1 " + text)
    except SpfSyntaxError:
        return


def test_a_record_that_is_too_long_is_refused_unread() -> None:
    longest = "v=spf1 " + "a " * ((MAX_CHARS - len("v=spf1 ")) // 2)
    assert len(parse(longest).mechanisms) == (MAX_CHARS - len("v=spf1 ")) // 2
    with pytest.raises(SpfSyntaxError):
        parse(longest + "  a")


def test_long_records_are_not_remembered() -> None:
    """A stranger's zone has another one for each name it makes up; what is read of it is a hundred times as large."""
    texts = [f"v=spf1 ip4:192.0.2.{number} {'a ' * 4_000}" for number in range(20)]
    tracemalloc.start()
    try:
        for text in texts:
            parse(text)
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
