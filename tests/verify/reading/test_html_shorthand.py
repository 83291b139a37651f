"""Shorthands: what they take back, and what no browser takes."""

import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.html_shorthand import is_known, lay
from gatepost.verify.reading.marks import Marks


@pytest.mark.parametrize(
    ("style", "is_shown"),
    [
        ("font-size:16px;font:0/0 a", False),
        ("font-size:0;font:16px Arial", True),
        ("font:16px Arial;font-size:0", False),
        ("font-size:0;font:16px", False),
        ("font:700 0/0 a", False),
        ("font-size:0!important;font:16px Arial", False),
        ("font-size:0;font:16px Arial!important", True),
        ("background-color:#fff;background:#000;color:#000", False),
        ("background-color:#000;background:none;color:#000", True),
        ("color:#fff;background-color:#fff;background:#000 nonsense", False),
        ("position:relative;margin-left:-9999px;margin:0", True),
        ("position:absolute;inset:0;left:-999px", False),
    ],
)
def test_what_comes_last_holds(style: str, is_shown: bool) -> None:  # noqa: FBT001  # a column of the table
    assert ("words" in html_page.read(f"<p style='{style}'>words</p>", 0, Marks()).human) is is_shown


def test_rules_and_attributes_are_joined_so_too() -> None:
    sheet = "<style>.a{font-size:16px}p.a{font:0/0 a}.b{background-color:#111;color:#111}</style>"
    source = f"{sheet}<p class=a>one</p><p class=b style='background:#fff'>two</p>"
    assert html_page.read(source, 0, Marks()).human == "two"


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("font", "italic small serif", True), ("font", "caption", True), ("font", "serif", False),
        ("background", "#fff url(x.png) no-repeat center / cover", True), ("background", "#fff nonsense", False),
        ("margin", "0 auto", True), ("margin", "wide", False), ("overflow", "visible hidden", True),
        ("overflow", "shown", False), ("padding", "inherit", True),
    ],
)  # fmt: skip
def test_only_what_a_browser_takes_takes_back(name: str, value: str, is_taken: bool) -> None:  # noqa: FBT001  # as above
    assert is_known(name, value) is is_taken


def test_longhands_said_with_a_shorthand_stay() -> None:
    into = {"margin-left": "1px", "color": "red"}
    lay(into, {"margin": "0", "margin-top": "2px"})
    assert into == {"margin": "0", "margin-top": "2px", "color": "red"}
