import pytest

from gatepost.verify.reading import html_condition
from gatepost.verify.reading.html_condition import NO_KIN, Kin

ATTRIBUTES = {"id": "I", "class": "a b", "lang": "de-at"}


def holds(written: str, kin: Kin = NO_KIN) -> bool | None:
    condition = html_condition.read(written)
    return None if condition is None else condition([".a", ".b"], ATTRIBUTES, kin)


@pytest.mark.parametrize("written", ["[id]", "[id=i]", "[class~=b]", "[lang|='de']", '[lang^="de"]', "[id='i' s]"])
def test_an_attribute_is_compared(written: str) -> None:
    assert holds(written) is True
    assert holds(f":not({written})") is False


@pytest.mark.parametrize("written", ["[title]", "[id=j]", "[class^='']", ":not(.a)"])
def test_what_the_element_has_not_does_not_hold(written: str) -> None:
    assert holds(written) is False


@pytest.mark.parametrize("written", [":nth-child(x)", ":nth-child(1of p)", "[a b]", ":not([a b])", ":first-letter"])
def test_what_cannot_be_read_is_told(written: str) -> None:
    assert holds(written) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [(":nth-child(2n)", True), (":nth-child(3)", False), (":first-of-type", True), (":nth-of-type(-n+1)", True)],
)
def test_a_place_is_computed(written: str, *, expected: bool) -> None:
    assert holds(written, Kin(4, 1)) is expected
    assert html_condition.asks_place(written)


def test_what_comes_behind_an_element_is_taken_to_hold() -> None:
    assert holds(":last-child") is holds(":has(b)") is holds(":not(:hover)") is True
    assert html_condition.looks_ahead(":only-child")
