import time
from collections import Counter

import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.html_condition import Kin
from gatepost.verify.reading.html_sheet import Children, Sheet, names_of
from gatepost.verify.reading.marks import Marks


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
        'b{content:"/*"} .a{x:y} i{content:"*/"}', 'b{content:"}";x:z}.a{q:";x:z";x:y}', ".a{q:url(x;x:z);x:y}",
        ".a{x:y", "b{q:'unended\n}.a{x:y}", ".a{q:(};x:z);x:y}", "b{q:url(/*)}.a{x:y}i{q:url(*/)}",
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


@pytest.mark.parametrize(
    "selector",
    [
        "p:defined", "p:lang(en)", "p:read-only", "*|p", "p::first-line", ":nth-child(1 of p)", "[dir=ltr] p",
        "div:not(.z) p",
        "div:first-child p", "div + i + p", ".a\\:b", ",".join(["b"] * 900) + ",p",
        "p" + "".join(f":not(.n{number})" for number in range(90)), "div " * 15 + "p",
    ],
)  # fmt: skip
def test_a_selector_that_asks_more_than_is_read_hides_what_it_may_mean_and_does_nothing_else(selector: str) -> None:
    sheet = Sheet()
    sheet.read(f"{selector}{{display:none}}")
    above = Counter(("div",))
    sheet.style_of("div", {}, Counter())
    kin = kin_of("div", "i", "p")
    assert sheet.style_of("p", {"class": "a:b"}, above, kin).ordinary == {"display": "none"}


def test_what_depends_on_a_pointer_or_on_some_mail_program_hides_nothing() -> None:
    sheet = Sheet()
    sheet.read("p:hover,a:active p,u + .body p,p:checked,p::-webkit-scrollbar{display:none}")
    assert sheet.style_of("p", {}, Counter((".body",))).ordinary == {}


def test_the_hundredth_rule_of_a_class_counts_and_a_rule_that_is_not_kept_is_told() -> None:
    sheet = Sheet()
    sheet.read(".a{x:z}" * 100 + ".a{display:none}")
    assert sheet.style_of("p", {"class": "a"}, Counter()).ordinary["display"] == "none"
    assert not sheet.is_cut
    sheet.read(".a{x:z}" * 100 + ".a{display:none}")
    assert sheet.is_cut


@pytest.mark.parametrize(
    ("selector", "tag"),
    [
        ("".join(f":nth-child(n+{number})" for number in range(15)), "p class=a14"),
        ("".join(f".a{number}" for number in range(15)), "p class=a14"),
        ("".join(f"[a^=b{number}]" for number in range(15)), "p a=b"),
        ("".join(f":not(.b{number})" for number in range(15)), "p class=a14"),
    ],
)
def test_costly_selectors_take_no_more_than_their_share(selector: str, tag: str) -> None:
    """CPU time beside that of the same elements without a sheet; 200 rules over 20,000 elements would be minutes."""
    elements = f"<{tag}>x" * 20_000
    rules = "".join(f"p{selector}{{q:r{number}}}" for number in range(200))

    def spent(source: str) -> float:
        at = time.process_time()
        html_page.read(source, 0, Marks())
        return time.process_time() - at

    assert spent(f"<style>{rules}</style>{elements}") < 15 * spent(elements) + 3
    assert html_page.read(f"<style>{rules}</style>{elements}", 0, Marks()).is_cut


def test_an_element_is_called_by_tag_classes_id_and_what_attributes_it_has() -> None:
    assert names_of("p", {"class": "A b", "id": "I"}) == ["p", ".a", ".b", "#i", "[class]", "[id]"]


@pytest.mark.timeout(120)
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
