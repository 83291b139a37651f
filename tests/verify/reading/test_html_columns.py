"""Collapsed columns: which cells stand in them."""

import time

import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.marks import Marks

GONE = "style='visibility:collapse'"


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        (f"<col><col {GONE}><tr><td>a<td>b", "a"),
        (f"<col span=2 {GONE}><tr><td>a<td>b<td>c", "c"),
        (f"<colgroup {GONE}><col><col></colgroup><tr><td>a<td>b<td>c", "c"),
        (f"<colgroup span=2 {GONE}></colgroup><tr><td>a<td>b<td>c", "c"),
        (f"<col><col><col {GONE}><tr><td colspan=2>a<td>b", "a"),
        (f"<col><col {GONE}><tr><td colspan=2>a b", "a b"),
        (f"<col><col {GONE}><tr><td rowspan=2>a<td>b<tr><td>c<tr><td>d<td>e", "a d"),
        (f"<col><col {GONE}><tr><td>a<td><table><tr><td>b</table><tr><td>c", "a c"),
        ("<col><col style='visibility:hidden'><tr><td>a<td>b", "a b"),
        (f"<col {GONE}><tr><td style='display:block'>a", "a"),
    ],
)
def test_cells_of_collapsed_columns_are_not_seen(table: str, shown: str) -> None:
    assert html_page.read(f"<table>{table}</table>", 0, Marks()).human.split() == shown.split()


def test_a_table_of_styles_has_columns_too() -> None:
    column, cell = "display:table-column;visibility:collapse", "display:table-cell"
    source = f"<div style='display:table'><i style='{column}'></i><p style='display:table-row'><b style='{cell}'>a</b>"
    assert html_page.read(source, 0, Marks()).human == ""


def test_wide_cells_cost_no_more_than_others() -> None:
    source = f"<table><col {GONE}>" + "<tr><td colspan=200 rowspan=200>x" * 2_000
    start = time.process_time()
    html_page.read(source, 0, Marks())
    assert time.process_time() - start < 1
