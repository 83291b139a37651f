"""What is known of a document before it is read."""

import pytest

from gatepost.verify.reading.html_ahead import has_late_parts, is_quirky, may_cover


def test_a_modern_doctype_ends_the_quirks() -> None:
    assert is_quirky("<p>x")
    assert not is_quirky("<!-- a --><!DOCTYPE html><p>x")


def test_a_sheet_below_what_it_speaks_of_is_late() -> None:
    assert has_late_parts("<body><p>x<style>p{color:red}</style>")
    assert not has_late_parts("<head><style>p{color:red}</style></head><body><p>x")


@pytest.mark.parametrize(
    "style",
    ["position:absolute", "margin:0 0 -20px", "display:grid", "p\\osition:fixed", "position/**/:fixed", "a&#98;"],
)
def test_only_some_styles_let_boxes_lie_upon_others(style: str) -> None:
    assert may_cover(f"<p style='{style}'>x")
    assert not may_cover("<p style='position:static;margin:0 auto;background-position:0 0'>x &#160;")
