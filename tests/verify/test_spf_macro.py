from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify import spf_macro
from gatepost.verify.spf_macro import EVERY_LETTER, Context, MacroError

CONTEXT = Context(
    ip_address("192.0.2.3"), "email.example.com", "strong-bad", "email.example.com", "h.example", "r.example",
    datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("%%%_%-", "% %20"),
        ("%{h}%{c}%{r}%{t}", "h.example192.0.2.3r.example1767225600"),
    ],
)
def test_the_examples_of_the_standard(text: str, expanded: str) -> None:
    assert spf_macro.expand(spf_macro.parse(text, letters=EVERY_LETTER), CONTEXT) == expanded


@pytest.mark.parametrize("text", ["%", "%{", "%{x}", "%{d0}", "%{d1234}", "%(d)", "a b", "%{d}\x00", "%{d,q}", "é"])
def test_what_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(MacroError):
        spf_macro.parse(text, letters=EVERY_LETTER)


@pytest.mark.parametrize("text", ["", "localhost", "a.b-", "a.1", "%{d}x", "a.%{t}", "a..", "%{d}.-a"])
def test_what_ends_in_no_domain_is_refused(text: str) -> None:
    with pytest.raises(MacroError):
        spf_macro.parse_domain(text)


def test_long_names_lose_labels_on_the_left() -> None:
    template = spf_macro.parse_domain(
        "x" * 60 + "." + "%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.example"
    )
    name = spf_macro.expand_domain(template, CONTEXT)
    assert len(name) <= 253
    assert not name.startswith("x")


@given(st.text("%{}dsil0123r.-+ abcé", max_size=40))
def test_any_text_is_a_macro_string_or_refused(text: str) -> None:
    try:
        template = spf_macro.parse(text, letters=EVERY_LETTER)
    except MacroError:
        return
    spf_macro.expand(template, CONTEXT)
