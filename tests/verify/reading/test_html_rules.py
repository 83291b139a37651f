import pytest

from gatepost.verify.reading.html_rules import MAX_NESTED, Scope, rules
from gatepost.verify.reading.html_tokens import plain


def chain(scope: Scope | None) -> str:
    """The selectors of a scope and of those around it, outermost first."""
    return "" if scope is None else f"{chain(scope.around)}|{scope.selectors}".strip("|")


def read(source: str) -> list[tuple[str, str]]:
    return [(chain(scope), block.strip()) for scope, block in rules(plain(source), [], [])]


@pytest.mark.parametrize("around", ["@media screen", "@media (min-width:1px)", "@media print, screen", "@layer q"])
def test_what_holds_on_a_screen_is_read(around: str) -> None:
    assert (".a", "x:y") in read(around + "{.a{x:y}}")


@pytest.mark.parametrize("around", ["@media print", "@media (max-width:400px)", "@media (min-width:9999px)", "@page"])
def test_what_holds_elsewhere_is_not(around: str) -> None:
    assert read(around + "{.a{x:y}}") == []


def test_what_a_custom_property_is_stands_alone_under_its_name() -> None:
    (scope, block), (other, _) = rules("@property --Ink{initial-value:#fff}.a{x:y}", [], [])
    assert (scope.selectors, scope.is_property, block) == ("--Ink", True, "initial-value:#fff")
    assert not other.is_property
    assert read("@media print{@property --a{initial-value:0}}") == []


def test_what_nobody_can_say_is_read_and_unsure() -> None:
    (scope, _), *_ = rules("@media (fluffy:1){.a{x:y}}", [], [])
    assert not scope.is_sure
    (scope, _), *_ = rules("@media screen{.a{x:y}}", [], [])
    assert scope.is_sure


def test_a_rule_inside_another_speaks_of_both() -> None:
    assert (".a|.b", "x:y") in read(".a{.b{x:y}}")
    assert (".a|&.b", "x:y") in read(".a{&.b{x:y}}")
    assert (".a", "c:d") in read(".a{@media screen{c:d}}")


@pytest.mark.parametrize(
    "source",
    [
        "@import url(x.css);.a{x:y}}}", '.a{x:"}"}', ".a{x:url(};{)}", r".a{x:\}}", ".a{x:y", ".a{x:(;})}",
        "/* .b{ */.a{x:y}",
        "<!-- .a{x:y} -->", '@import "}";.a{x:y}', "@charset 'x';.a{x:y}",
    ],
)  # fmt: skip
def test_a_block_ends_where_a_browser_ends_it(source: str) -> None:
    assert [scope for scope, block in read(source) if block] == [".a"]


def test_a_stray_semicolon_is_a_part_of_the_selector_behind_it() -> None:
    assert read(".a{x:y};.b{x:y}") == [(".a", "x:y"), (";.b", "x:y")]


def test_a_custom_property_may_hold_a_block() -> None:
    assert read(".a{x:y;--b:{x:z}}") == [(".a", "x:y"), (".a", "")]


def test_layers_are_named_in_order() -> None:
    layers: list[str] = []
    found = list(rules("@layer a,b;@layer b{.q{x:y}}@layer a{.q{x:z}}", layers, []))
    assert list(dict.fromkeys(layers)) == [".a", ".b"]
    assert [scope.layer for scope, _ in found] == [".b", ".a"]


def test_nesting_has_an_end_and_says_so() -> None:
    unread: list[str] = []
    assert list(rules(".a{" * 10 * MAX_NESTED + "x:y" + "}" * 5_000, [], unread))
    assert unread
