import pytest

from gatepost.verify.reading.html_rules import MAX_NESTED, MAX_SELECTOR_CHARS, rules


def read(source: str) -> list[tuple[str, str]]:
    return [(selectors.strip(), block.strip()) for selectors, block in rules(source)]


@pytest.mark.parametrize("around", ["@media screen", "@media (min-width:1px)", "@media print, screen", "@layer q"])
def test_what_holds_on_a_screen_is_read(around: str) -> None:
    assert (".a", "x:y") in read(around + "{.a{x:y}}")


@pytest.mark.parametrize("around", ["@media print", "@media (max-width:400px)", "@media (min-width:9999px)", "@page"])
def test_what_holds_elsewhere_is_not(around: str) -> None:
    assert read(around + "{.a{x:y}}") == []


def test_a_browser_takes_what_it_knows() -> None:
    assert (".a", "x:y") in read("@supports (display:grid){.a{x:y}}")
    assert read("@supports (nonsense:x){.a{x:y}}") == []


def test_a_rule_inside_another_speaks_of_both() -> None:
    assert (":is(.a) .b", "x:y") in read(".a{.b{x:y}}")
    assert (":is(.a).b", "x:y") in read(".a{&.b{x:y}}")


def test_an_import_is_dropped_and_stray_braces_harm_nothing() -> None:
    assert read("@import url(x.css);.a{x:y}}}") == [(".a", "x:y")]


def test_nesting_has_an_end() -> None:
    source = ".a{" * 10 * MAX_NESTED + "x:y" + "}" * 500
    assert all(len(selectors) <= MAX_SELECTOR_CHARS for selectors, _ in rules(source))
