import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify import html_text


@pytest.mark.parametrize(
    ("source", "visible", "hidden"),
    [
        ("<p>Hi <b>you</b></p>", "Hi you", ""),
        ("a<br>b<div>c</div>d", "a\nb\nc\nd", ""),
        ("<p style='display:none'>h<p>seen", "seen", "h"),
        ("<div style=display:none><table><tr><td></div>h</table></div>v", "v", "h"),
        ("<style>.x{display:none}</style><i class='y x'>h</i>v", "v", "h"),
        ("<style>p#x, b.y{font-size:0}</style><p id=x>h</p><b class=y>h</b><p class=y>v</p>", "v", "h\nh"),
        ("<style>@media (max-width:1px){.y{display:none}}</style><i class=y>v</i>", "v", ""),
        ("<p><font style='font-size:0'>h</p><p>h</p>", "", "h\nh"),
        ("<ul><li style='display:none'>h<li>v<ul><li>w</ul></ul>", "v\nw", "h"),
        ("<title>t</title><script>s</script><!-- c -->v", "v", ""),
        ("<textarea><b>x</textarea>", "<b>x", ""),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc", ""),
        ("<template>t</template><noscript>n</noscript>v", "v", "tn"),
    ],
)
def test_what_a_person_sees_is_told_from_what_they_do_not(source: str, visible: str, hidden: str) -> None:
    assert html_text.split(source) == html_text.Views(visible, hidden)


def test_a_document_too_long_is_cut_and_says_so() -> None:
    assert html_text.split("x" * (html_text.MAX_CHARS + 1)).is_cut


PIECES = [
    "<p>", "</p>", "<td>", "<table>", "</table>", "<b style=display:none>", "</b>", "<li>", "</td>", "<tr>",
    "<style>.a{x:y}", "</style>", "<i class=a>", "</i>", "x",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_every_word_ends_up_in_one_of_both_views(pieces: list[str]) -> None:
    views = html_text.split("".join(pieces))
    in_style = "<style>.a{x:y}" in pieces
    assert in_style or (views.visible + views.hidden).count("x") == pieces.count("x")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<div>", "<p><b style=display:none>", "<ul><li>", "<table><tr><td>", "<style>.a{",
                                   "<style>a,", "<style>@", "<style>.a{x:y}"])  # fmt: skip
def test_documents_that_break_tree_builders_take_linear_time(piece: str) -> None:
    html_text.split(piece * (400_000 // len(piece)))


@pytest.mark.timeout(20)
def test_many_attributes_and_many_formats_take_linear_time() -> None:
    html_text.split("<a " + " ".join(f"x{at}" for at in range(60_000)) + ">")
    html_text.split("".join(f"<p><b class=c{at} style=opacity:0>" for at in range(15_000)))
