"""What is known of a document before it is read."""

import pytest

from gatepost.verify.reading.html_ahead import look_ahead


def test_a_modern_doctype_ends_the_quirks() -> None:
    assert look_ahead("<p>x").is_quirky
    assert not look_ahead("<!-- a --><!DOCTYPE html><p>x").is_quirky


def test_a_sheet_below_what_it_speaks_of_is_late() -> None:
    assert look_ahead("<body><p>x<style>p{color:red}</style>").has_late_parts
    assert not look_ahead("<head><style>p{color:red}</style></head><body><p>x").has_late_parts


@pytest.mark.parametrize(
    "style",
    [
        "position:absolute",
        "margin:0 0 -20px",
        "display:grid",
        "p\\osition:fixed",
        "position/**/:fixed",
        "a&#98;",
        "margin/**/:-9px",
        "margin:/*a;b*/-9px",
        "tr\\61nslate:0 9px",
        "transform:translateY(-9px)",
        "offset-path:ray(0)",
        "transform:matrix3d(1)",
        "p\\6fsition:fixed",
        "font:a&quot;&#98;",
    ],
)
def test_only_some_styles_let_boxes_lie_upon_others(style: str) -> None:
    assert look_ahead(f"<p style='{style}'>x").may_cover
    assert not look_ahead("<p style='position:static;margin:0 auto;background-position:0 0'>x &#160;").may_cover


@pytest.mark.parametrize(
    "source",
    [
        "<style>/* the header */ p{margin:0 auto}</style>", "<style>v\\:* {behavior:url(#default#VML)}</style>",
        "<p style='font-family:&quot;Nunito Sans&quot;, a&amp;b'>", "<p>translate the matrix by an offset",
    ],
)  # fmt: skip
def test_what_mail_programs_write_anyway_lets_no_box_lie_upon_another(source: str) -> None:
    assert not look_ahead(source).may_cover


@pytest.mark.parametrize(
    ("source", "base"),
    [
        ("<base href='https://a.example/x'><base href='https://b.example/'>", "https://a.example/x"),
        ("<p>x<BASE target=_top><base href=https://a.example>", "https://a.example/"),
        ("<template><base href='https://b.example/'></template><base href='https://a.example/'>", "https://a.example/"),
        ("<svg><base href='https://b.example/'></svg><base href='https://a.example/'>", "https://a.example/"),
        ("<!-- <base href='https://b.example/'> --><base href='https://a.example/'>", "https://a.example/"),
        ("<base href='javascript:x'><base href='https://a.example/'>", None),
        ("<p>x", None),
    ],
)
def test_the_first_base_of_the_page_counts(source: str, base: str | None) -> None:
    found = look_ahead(source).base
    assert (found.href if found else None) == base


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["margin", "margin-", "margin:", "margin ", "position ", "xgrid", "style=", "style='"]
)
def test_a_page_of_one_word_takes_linear_time(piece: str) -> None:
    """Sixty kilobytes of it held the loop for thirteen seconds."""
    assert not look_ahead(piece * (1_900_000 // len(piece))).may_cover
