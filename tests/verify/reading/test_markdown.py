import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.markdown import Markdown
from gatepost.verify.reading.marks import Marks


@pytest.mark.parametrize(
    ("source", "model"),
    [
        ("<a href='https://x.example/a(b)'>see <b>this</b></a>.", "[see this](https://x.example/a%28b%29)."),
        ("<a href=https://x.example/>https://x.example</a>", "https://x.example"),
        ("<a href=mailto:a@x.example>a@x.example</a>", "a@x.example"),
        ("<a href='javascript:x y'>go</a>", "[go](javascript:x%20y)"),
        ("<a href=x><img></a>", "[](x)"),
        ("<a name=x>here</a>", "here"),
        ("<h2>Title</h2>text<h3></h3>", "## Title\n\ntext"),
        ("<ul><li>a<li>b<ol><li>c<li>d</ol></ul>", "- a\n- b\n\n  1. c\n  2. d"),
        ("<table><tr><th>a<th>b<tr><td>1<td>x|y</table>z", "| a | b |\n| --- | --- |\n| 1 | x\\|y |\n\nz"),
        ("<table><tr><td>a</table>", "a"),
        ("<table><tr><td>a<table><tr><td>b<td>c<tr><td>d<td>e</table>f</table>",
         "a\n\n| b | c |\n| --- | --- |\n| d | e |\n\nf"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "a b\nc d"),
        ("<table><tr><td><p>a<p>b<td>c<tr><td>d<td>e</table>", "a\n\nb c\nd e"),
        ("<table><tr><td><a href=u>a</a><td>b<tr><td>c<td>d</table>", "| [a](u) | b |\n| --- | --- |\n| c | d |"),
    ],
)  # fmt: skip
def test_structure_becomes_markdown(source: str, model: str) -> None:
    assert html_page.read(source, 0, Marks()).model == model


def test_a_link_that_nobody_began_ends_nothing() -> None:
    page = Markdown()
    page.write("x")
    page.end_link("u")
    page.end_list()
    page.end_table()
    page.cell()
    assert page.texts() == ("x", "")
