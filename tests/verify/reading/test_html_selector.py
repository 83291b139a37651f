import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading.html_node import Node, Steps, TooManySteps
from gatepost.verify.reading.html_selector import Selector, selectors
from gatepost.verify.reading.html_sheet import names_of
from gatepost.verify.reading.html_tokens import plain


def grown(*tags: str) -> Node:
    """The last of some elements inside one another; ``a,b`` stands behind ``a``, ``b.c#d`` has a class and an id."""
    at = Node("html", {}, ["html"], None)
    for tag in ("body", *tags):
        parent = at
        for one in tag.split(","):
            name, _, rest = one.partition(".")
            attributes = {"class": rest, "lang": "de"} if rest else {}
            at = Node(name, attributes, names_of(name, attributes), parent)
            parent.take(at)
    return at


def read(text: str) -> tuple[Selector, ...]:
    return selectors(plain(text), None, is_quirky=False)


def fits(text: str, *tags: str) -> bool:
    return any(one.fits(grown(*tags), Steps(1_000)) for one in read(text))


@pytest.mark.parametrize(
    "text",
    [
        "p", "*", ".a", "p.a", "div p", "div > p", "body p", ":root p", "html > body > div > p", "section div .a",
        "b + p", "b ~ p", "i + b + p", "div :nth-child(3)", "p:nth-child(2n+1)", ":nth-of-type(1)", "[lang]",
        "[lang=DE]", "[class='a']", "[class^=a]", '[lang="de" s]', "p:not(.b)", "p:not(.b, i)", ":is(i, p)",
        ":is(:is(p))", ":where(p:where(.a))", "div:not(.z) p", "section:first-child p", "*|p", "p:defined",
        r".\61", "div/**/ p", "p:not(:hover)", "section + div p, q", "P", "div:is(section + div) > p",
    ],
)  # fmt: skip
def test_this_means_the_element(text: str) -> None:
    assert fits(text, "section,div", "i,b,p.a") or fits(text, "section", "div", "i,b,p.a")


@pytest.mark.parametrize(
    "text",
    [
        "i", ".A", ".b", "p .a", "section > p", "p > div", "b > p", "p + b", "i + p", "p ~ b", ":first-child",
        ":nth-child(2)", "[title]", "[class=b]", "[class='A']", "p:not(.a)", ":is(i, b)", "p:hover", "p::before",
        "p:empty",
        "p:visited", "p +", "> p", "", ",", "div section p", "p:-ms-x, p", ";p",
    ],
)  # fmt: skip
def test_this_does_not(text: str) -> None:
    assert not fits(text, "section", "div", "i,b,p.a")


@pytest.mark.parametrize(
    "text", ["p:fluffy", "p:last-child", "p:has(b)", "p:dir(rtl)", "p:nth-child(1 of p)", "p::first-line"]
)
def test_what_is_not_understood_holds_and_is_unsure(text: str) -> None:
    (found,) = read(text)
    assert not found.is_sure
    assert found.key == "p"
    assert found.fits(grown("p"), Steps(10))


def test_a_nested_rule_speaks_of_what_it_is_nested_in() -> None:
    around = read(".a, b")
    for text, tags in {
        "p": ("b", "p"),
        "& > p": ("b", "p"),
        "> p": ("b", "p"),
        "p &": ("p", "b"),
        "&.a": ("i.a",),
    }.items():
        (found,) = selectors(text, around, is_quirky=False)
        assert found.fits(grown(*tags), Steps(100)), text
    (found,) = selectors("> p", around, is_quirky=False)
    assert not found.fits(grown("b", "i", "p"), Steps(100))


def test_the_specificity_counts_ids_then_classes_then_tags() -> None:
    weights = [read(text)[0].weight for text in ("*", "p", "div p", ".a", "p.a", ".a[b]", "#i", "#i p")]
    assert weights == sorted(set(weights))


def test_questions_are_counted() -> None:
    (found,) = read("div div div div p")
    with pytest.raises(TooManySteps):
        found.fits(grown(*["b"] * 20, "p"), Steps(10))


@given(st.text(alphabet="abp.#:[]()>+~*, |&=\"'\\/-n", max_size=60))
def test_anything_else_is_no_error(text: str) -> None:
    for one in selectors(plain(text), read("b"), is_quirky=True):
        one.fits(grown("div", "i,b,p.a"), Steps(10_000))
