from collections import Counter

import pytest

from gatepost.verify.reading.html_sheet import Children, Kin, Sheet, names_of


def styled(source: str, tag: str, *above: str, **attributes: str) -> dict[str, str]:
    sheet = Sheet()
    sheet.read(source)
    found = sheet.style_of(tag, attributes, Counter(above))
    return {**found.ordinary, **found.important}


@pytest.mark.parametrize(
    "source",
    [
        "p{x:y}", ".a{x:y}", "p.a{x:y}", "#i{x:y}", "*{x:y}", "b,P.A{x:y}", "div .a{x:y}", "div > p{x:y}",
        "@media screen{.a{x:y}}", "@media all and (min-width:400px){.a{x:y}}", "@import 'q';.a{x:y}",
        "@media (max-width:900px){.b{x:z}.a{x:y}}", "/* } */.a{x:y}", "<!-- .a{x:y} -->", "@font-face{q:r}.a{x:y}",
        "[id]{x:y}", ":root .a{x:y}", "p[class~=a]{x:y}", "[ID = 'I']{x:y}", "p:not(.b):not([title]){x:y}",
        ":is(.b, .a){x:y}",
        "div :where(#i,b){x:y}", "[id$=i],[id*=i],[id|=i]{x:y}", r".\61{x:y}", "@layer q{.a{x:y}}",
        "@supports (display:block){.a{x:y}}", "@media not print{.a{x:y}}", "@media (width>=100px){.a{x:y}}",
        "@media screen and (prefers-color-scheme:light){.a{x:y}}",
        "div{q:r; & .a{x:y}}", "div{.a{x:y}}",
        "div{.q{r:s} x:z; & #i{x:y}}", ".a{x:y; b{q:r}}", ".a{@media screen{x:y}}",
        "@media print, screen{.a{x:y}}", "@supports not (q:r){.a{x:y}}", "@container (min-width:1px){.a{x:y}}",
        "@container side (min-width:1px){.a{x:y}}", "@scope (div){.a{x:y}}", "[lang=de] .a, [id] p{x:z} p{x:y}",
        ".a{x:z}.a{x:y}", ".a{x:y!important}.a{x:z}", "@media print{.a{x:z}}.a{x:y}",
    ],
)  # fmt: skip
def test_a_rule_that_speaks_of_the_element_counts(source: str) -> None:
    assert styled(source, "p", "div", **{"class": "a", "id": "i"})["x"] == "y"


@pytest.mark.parametrize(
    "source",
    [
        ".b{x:y}", "b{x:y}", "b.a{x:y}", "span .a{x:y}", "@media print{.a{x:y}}", "@media (max-width:600px){.a{x:y}}",
        "@media (min-width:60em){.a{x:y}}", ".a:hover{x:y}", "p[title]{x:y}",
        "p:not(.a){x:y}", "p[class=b]{x:y}", "[id^=j]{x:y}", "@media (width<500px){.a{x:y}}",
        "@supports not (display:block){.a{x:y}}", ":is(.b,.c){x:y}", "[lang] .a{x:y}", "@supports (q:r){.a{x:y}}",
        ".a{x:y",
        "@media not screen{.a{x:y}}", "@media (prefers-color-scheme:dark){.a{x:y}}",
    ],
)  # fmt: skip
def test_other_rules_do_not(source: str) -> None:
    assert styled(source, "p", "div", **{"class": "a", "id": "i"}) == {}


def kin_of(*tags: str) -> Kin:
    """The kin of the last of some children."""
    children = Children()
    return [children.add(tag, [tag]) for tag in tags][-1]


@pytest.mark.parametrize(
    "selector",
    [
        "p:nth-child(3)", "p:nth-child(odd)", "p:nth-child(2n+1)", "p:nth-child(-n+3)", ":nth-child(n)",
        "p:nth-of-type(2)",
        "p:nth-of-type(even)", "b + p", "p ~ p", "i p:not(:hover)", "div b ~ p", "b+p:nth-child(3)",
    ],
)  # fmt: skip
def test_what_stands_before_an_element_counts(selector: str) -> None:
    sheet = Sheet()
    sheet.read(f"{selector}{{x:y}}")
    above = Counter(("i", "div"))
    assert sheet.style_of("p", {}, above, kin_of("p", "b", "p")).ordinary == {"x": "y"}


@pytest.mark.parametrize(
    "selector",
    [
        "p:nth-child(2)",
        "p:first-child",
        "p:first-of-type",
        "p:nth-of-type(3)",
        "p + p",
        "i ~ p",
        "p:nth-child(x)",
        "p + ",
    ],
)
def test_what_does_not_stand_before_it_does_not(selector: str) -> None:
    sheet = Sheet()
    sheet.read(f"{selector}{{x:y}}")
    assert sheet.style_of("p", {}, Counter(), kin_of("p", "b", "p")).ordinary == {}
    assert not sheet.style_of("p", {}, Counter()).ordinary or "first" in selector


def test_a_rule_that_looks_ahead_counts_where_it_hides() -> None:
    sheet = Sheet()
    sheet.read("p:last-child{display:none}p:last-child{color:red}p:has(b){font-size:0}p:nth-last-child(2){x:y}")
    assert sheet.style_of("p", {}, Counter()).ordinary == {"display": "none", "font-size": "0"}


def test_an_element_is_called_by_tag_classes_id_and_what_attributes_it_has() -> None:
    assert names_of("p", {"class": "A b", "id": "I"}) == ["p", ".a", ".b", "#i", "[class]", "[id]"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece",
    [".a{x:y}", "{", "}", "@media {", ".a,", "/*", "a ", ";", ".a .a .a{x:y}", ".a{&", "a+", "a:has(b)", ":is(.a){"],
)
def test_endless_sheets_take_linear_time(piece: str) -> None:
    sheet = Sheet()
    sheet.read(piece * (500_000 // len(piece)))
    for _ in range(10_000):
        sheet.style_of("p", {"class": "a"}, Counter((".a",)))


def test_elements_that_the_same_rules_apply_to_share_what_is_declared() -> None:
    sheet = Sheet()
    sheet.read(".a{x:y}.b{x:z}")
    first = sheet.style_of("p", {"class": "a"}, Counter())
    assert sheet.style_of("i", {"class": "a"}, Counter()) is first
    sheet.read(".a{x:w}")
    assert sheet.style_of("p", {"class": "a"}, Counter()).ordinary == {"x": "w"}
