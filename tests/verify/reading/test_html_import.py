import base64

import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.html_import import imported, sheet_at
from gatepost.verify.reading.html_tokens import plain
from gatepost.verify.reading.marks import Marks

SHEET = ".k{display:none}"
ENCODED = base64.b64encode(SHEET.encode()).decode()


@pytest.mark.parametrize(
    "address",
    [
        "data:text/css,.k{display:none}", "data:text/css,.k%7Bdisplay:none%7D",
        " DATA:Text/CSS;charset=utf-8,.k{display:none}",
        f"data:text/css;base64,{ENCODED}", f"data:text/css;charset=utf-8;BASE64,{ENCODED.rstrip('=')}",
    ],
)  # fmt: skip
def test_an_address_holds_a_sheet(address: str) -> None:
    assert sheet_at(address) == SHEET


@pytest.mark.parametrize(
    "address",
    ["", "data:", "data:text/css", "data:,.k{}", "data:text/plain,.k{}", "https://a.example/a.css",
     "data:text/css;base64,a"],
)  # fmt: skip
def test_other_addresses_hold_none(address: str) -> None:
    assert sheet_at(address) == ""


@pytest.mark.parametrize(
    "statement",
    ["@import url(data:text/css,.k%7Bdisplay:none%7D)", "@import 'data:text/css,.k{display:none}' screen",
     '@IMPORT url( "data:text/css,.k{display:none}" )',
     "@import url('data:text/css,.k{display:none}') (min-width: 10px)"],
)  # fmt: skip
def test_a_sheet_brings_another_one(statement: str) -> None:
    assert imported(plain(statement)) == SHEET


@pytest.mark.parametrize(
    "statement", ["@import url(a.css)", "@import 'data:text/css,.k{}' print", "@layer a", "@import"]
)
def test_what_is_fetched_or_printed_brings_nothing(statement: str) -> None:
    assert imported(plain(statement)) == ""


@pytest.mark.parametrize(
    ("head", "is_hidden"),
    [
        (f"<link rel='stylesheet' href='data:text/css;base64,{ENCODED}'>", True),
        ("<link rel='alternate stylesheet x' href='data:text/css,.k{display:none}' media=all>", True),
        ("<style>@import url(data:text/css,.k%7Bdisplay:none%7D);</style>", True),
        ("<style>@import 'data:text/css,@import %22data:text/css,.k%7Bdisplay:none%7D%22;';</style>", False),
        (f"<link rel='icon' href='data:text/css;base64,{ENCODED}'>", False),
        (f"<link rel='stylesheet' media='print' href='data:text/css;base64,{ENCODED}'>", False),
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
def test_words_hidden_by_such_sheets_are_hidden(head: str, *, is_hidden: bool, is_late: bool) -> None:
    page = f"<body><p class=k>words</p>{head}" if is_late else f"<head>{head}</head><body><p class=k>words</p>"
    marks = Marks()
    assert ("words" in html_page.read(page, 0, marks).human) is not is_hidden
    assert any("words" in span.text for span in marks.spans) is is_hidden
