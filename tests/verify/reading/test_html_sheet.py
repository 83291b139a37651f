from collections import Counter

import pytest

from gatepost.verify.reading.html_sheet import Sheet, names_of


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


def test_an_element_is_called_by_tag_classes_and_id() -> None:
    assert names_of("p", {"class": "A b", "id": "I"}) == ["p", ".a", ".b", "#i"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [".a{x:y}", "{", "}", "@media {", ".a,", "/*", "a ", ";", ".a .a .a{x:y}"])
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
