from collections.abc import Mapping
from types import MappingProxyType

import pytest

from gatepost.verify.reading.html_node import Borne, Node
from gatepost.verify.reading.html_sheet import STEPS, Sheet, names_of
from gatepost.verify.reading.html_style import Style


def node(tag: str, parent: Node | None = None, attributes: Mapping[str, str] = MappingProxyType({})) -> Node:
    found = Node(tag, attributes, names_of(tag, attributes), parent)
    if parent is not None:
        parent.take(found)
    return found


def style_of(sheet: Sheet, element: Node) -> Style:
    above = Borne()
    at = element.parent
    while at is not None:
        above.add(at.names)
        at = at.parent
    return sheet.style_of(element, above)


def styled(source: str, tag: str, *above: str, **attributes: str) -> dict[str, str]:
    sheet = Sheet()
    sheet.read(source)
    at = node("body", node("html"))
    for name in above:
        at = node(name, at)
    found = style_of(sheet, node(tag, at, attributes))
    return {**found.ordinary, **found.important}


@pytest.mark.parametrize(
    "source",
    [
        "p{top:1}",
        ".a{top:1}",
        "p.a{top:1}",
        "#i{top:1}",
        "*{top:1}",
        "b,P.A{top:1}",
        "div .a{top:1}",
        "div > p{top:1}",
        "@media screen{.a{top:1}}",
        "@media all and (min-width:400px){.a{top:1}}",
        "@import 'q';.a{top:1}",
        "@media (max-width:900px){.b{top:2}.a{top:1}}",
        "/* } */.a{top:1}",
        "<!-- .a{top:1} -->",
        "@font-face{q:r}.a{top:1}",
        "[id]{top:1}",
        ":root .a{top:1}",
        "p[class~=a]{top:1}",
        "[ID = 'I']{top:1}",
        "p:not(.b):not([title]){top:1}",
        ":is(.b, .a){top:1}",
        "div :where(#i,b){top:1}",
        "[id$=i],[id*=i],[id|=i]{top:1}",
        r".\61{top:1}",
        "@layer q{.a{top:1}}",
        "@supports (display:block){.a{top:1}}",
        "@media not print{.a{top:1}}",
        "@media (width>=100px){.a{top:1}}",
        "@media screen and (prefers-color-scheme:light){.a{top:1}}",
        "div{q:r; & .a{top:1}}",
        "div{.a{top:1}}",
        "div{.q{r:s} top:2; & #i{top:1}}",
        ".a{top:1; b{q:r}}",
        ".a{@media screen{top:1}}",
        "@media print, screen{.a{top:1}}",
        "@supports not (display:x){.a{top:1}}",
        "@container (min-width:1px){.a{top:1}}",
        "@container side (min-width:1px){.a{top:1}}",
        "@scope (div){.a{top:1}}",
        "[lang=de] .a, [id] p{top:2} p{top:1}",
        ".a{top:2}.a{top:1}",
        ".a{top:1!important}.a{top:2}",
        "@media print{.a{top:2}}.a{top:1}",
    ],
)
def test_a_rule_that_speaks_of_the_element_counts(source: str) -> None:
    assert styled(source, "p", "div", **{"class": "a", "id": "i"})["top"] == "1"


@pytest.mark.parametrize(
    "source",
    [
        ".b{top:1}",
        "b{top:1}",
        "b.a{top:1}",
        "span .a{top:1}",
        "@media print{.a{top:1}}",
        "@media (max-width:600px){.a{top:1}}",
        "@media (min-width:60em){.a{top:1}}",
        ".a:hover{top:1}",
        "p[title]{top:1}",
        "p:not(.a){top:1}",
        "p[class=b]{top:1}",
        "[id^=j]{top:1}",
        "@media (width<500px){.a{top:1}}",
        "@supports not (display:block){.a{top:1}}",
        ":is(.b,.c){top:1}",
        "[lang] .a{top:1}",
        "@supports (q:r){.a{top:1}}",
        "@media not screen{.a{top:1}}",
        "@media (prefers-color-scheme:dark){.a{top:1}}",
    ],
)
def test_other_rules_do_not(source: str) -> None:
    assert styled(source, "p", "div", **{"class": "a", "id": "i"}) == {}


@pytest.mark.parametrize(
    ("source", "style"),
    [
        ("p:last-child{display:none}p:last-child{color:red}", {"display": "none"}),
        ("p:fluffy{font-size:0}p:fluffy{color:red}", {"font-size": "0"}),
        ("q p:fluffy(]{font-size:0}", {}),
        ("@media (fluffy){p{display:none;color:red}i{color:red}}", {"display": "none", "color": "red"}),
        ("p:-ms-lang(x),p{display:none}", {}),
        (";p{display:none}", {}),
    ],
)
def test_what_nobody_can_say_counts_where_it_hides(source: str, style: dict[str, str]) -> None:
    assert styled(source, "p") == style


def test_the_more_specific_rule_wins_then_the_later_and_a_layer_loses() -> None:
    attributes = {"class": "a", "id": "i"}
    assert styled("#i{top:1}.a{top:2}p{top:3}", "p", **attributes)["top"] == "1"
    assert styled(".a{top:2}.a{top:1}", "p", **attributes)["top"] == "1"
    assert styled(".a{top:1}@layer q{#i{top:2}}", "p", **attributes)["top"] == "1"
    assert styled("@layer a,b;@layer b{p{top:1}}@layer a{#i{top:2}}", "p", **attributes)["top"] == "1"
    assert styled("p{top:1!important}#i{top:2}", "p", **attributes)["top"] == "1"


def test_where_more_is_asked_than_may_be_what_hides_counts_by_its_last_name() -> None:
    sheet = Sheet()
    sheet.read("b:nth-child(n)" * 100 + "{color:red}.q .a{display:none}" + "b{color:red}" * 300)
    assert style_of(sheet, node("p", attributes={"class": "a"})).ordinary == {}
    for _ in range(STEPS // 300 + 1):
        style_of(sheet, node("b"))
    assert sheet.is_tired
    assert style_of(sheet, node("p", attributes={"class": "a"})).ordinary == {"display": "none"}


def test_an_element_is_called_by_tag_classes_id_and_what_attributes_it_has() -> None:
    assert names_of("p", {"class": "A b", "id": "I"}) == ["p", ".a", ".b", "#i", "[class]", "[id]"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece",
    [
        ".a{top:1}",
        "{",
        "}",
        "@media {",
        ".a,",
        "/*",
        "a ",
        ";",
        ".a .a .a{top:1}",
        ".a{&",
        "a+",
        "a:has(b)",
        ":is(.a){",
    ],
)
def test_endless_sheets_take_linear_time(piece: str) -> None:
    sheet = Sheet()
    sheet.read(piece * (150_000 // len(piece)))
    for _ in range(10_000):
        style_of(sheet, node("p", attributes={"class": "a"}))


def test_elements_that_the_same_rules_apply_to_share_what_is_declared() -> None:
    sheet = Sheet()
    sheet.read(".a{top:1}.b{top:2}")
    first = style_of(sheet, node("p", attributes={"class": "a"}))
    assert style_of(sheet, node("i", attributes={"class": "a"})) is first
    sheet.read(".a{top:3}")
    assert style_of(sheet, node("p", attributes={"class": "a"})).ordinary == {"top": "3"}


def test_rules_that_want_names_nobody_around_bears_cost_no_question() -> None:
    sheet = Sheet()
    sheet.read("".join(f".a{at} .b>p{{display:none}}" for at in range(1_000)))
    outer = node("div", attributes={"class": "a7"})
    around = node("div", outer, attributes={"class": "b"})
    for _ in range(STEPS // 100):
        assert style_of(sheet, node("p", around)).ordinary == {"display": "none"}
    assert not sheet.is_tired
