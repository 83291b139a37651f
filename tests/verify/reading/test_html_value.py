import time

import pytest

from gatepost.verify.reading.html_value import (
    MAX_RESOLVED,
    NOTHING_SAID,
    Said,
    TooDeepError,
    Variables,
    computed,
    joined,
)


@pytest.mark.parametrize(
    ("value", "variables", "found"),
    [
        ("var(--a)", {"--a": "none"}, "none"),
        ("var(--A)", {"--A": "none", "--a": "block"}, "none"),
        ("var(--b, none)", {}, "none"),
        ("var(--b, var(--c, calc(1px - 1px)))", {}, "calc(1px - 1px)"),
        ("rgb(var(--a) / var(--b))", {"--a": "1 2 3", "--b": "0"}, "rgb(1 2 3 / 0)"),
        ("var(--a, none)", {"--a": "var(--b)", "--b": "var(--a)"}, "none"),
        ("var(--a, none)", {"--a": "initial"}, "none"),
    ],
)
def test_custom_properties_are_put_in_or_else_their_fall_backs(
    value: str, variables: dict[str, str], found: str
) -> None:
    assert computed({"top": value}, Variables(variables, None), NOTHING_SAID) == {"top": found}


def test_what_has_no_value_is_as_if_nobody_had_said_it() -> None:
    """CSS Variables section 3.1: not even what was said before it holds."""
    assert computed({"color": "var(--a)", "top": "var(--a)"}, Variables({}, None), NOTHING_SAID) == {"color": "inherit"}


def test_words_that_ask_for_another_value_are_gone() -> None:
    parent = Said({"opacity": "0.2"})
    style = {"opacity": "inherit", "left": "inherit", "color": "inherit", "font-size": "initial", "top": "unset"}
    assert computed(style, Variables({}, None), parent) == {"opacity": "0.2", "font-size": "medium", "color": "inherit"}


def test_all_takes_back_what_is_around_and_what_was_said_before() -> None:
    found = computed({"all": "initial", "top": "1px"}, Variables({}, None), NOTHING_SAID)
    assert (found["visibility"], found["color"], found["top"]) == ("visible", "#000000", "1px")
    assert computed({"all": "unset"}, Variables({}, None), NOTHING_SAID) == {}
    assert joined({"display": "none"}, {"all": "unset"}) == {"all": "unset"}


@pytest.mark.parametrize(
    "variables",
    [
        {f"--{at}": f"var(--{at + 1})" for at in range(MAX_RESOLVED + 2)},
        {f"--{at}": f"var(--{at + 1})" * 9 for at in range(9)} | {"--9": "none"},
    ],
)
def test_what_nobody_follows_to_its_end_is_told(variables: dict[str, str]) -> None:
    started = time.process_time()
    with pytest.raises(TooDeepError):
        computed({"top": "var(--0)"}, Variables(variables, None), NOTHING_SAID)
    assert time.process_time() - started < 1.0


def test_a_property_of_somebody_too_far_around_is_told_too() -> None:
    at = Variables({"--a": "none"}, None)
    for _ in range(MAX_RESOLVED):
        at = Variables({"--b": "1"}, at)
    with pytest.raises(TooDeepError):
        computed({"top": "var(--a)"}, at, NOTHING_SAID)
