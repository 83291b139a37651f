import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading import html_colour


@pytest.mark.parametrize(
    ("written", "colour"),
    [
        ("White", "ffffff"), ("rebeccapurple", "663399"), ("#FfF", "ffffff"), ("#fffe", "ffffff"),
        ("#ffffff05", "transparent"),
        ("ABCDEF", "abcdef"), ("#abcde", "000000"), ("rgb(255, 0, 10%)", "ff000a"), ("rgb(100% 0% 0% / 50%)", "ff0000"),
        ("rgba(1,2,3,0)", "transparent"), ("hsl(120, 100%, 50%)", "00ff00"), ("hsla(-240deg 100% 50% / 1)", "00ff00"),
        ("rgb(999,-5,0)", "ff0000"), ("nonsense", "000000"), ("", "000000"),
    ],
)  # fmt: skip
def test_every_way_to_write_a_colour_is_read(written: str, colour: str) -> None:
    assert html_colour.read(written, "000000") == colour


@pytest.mark.parametrize(
    ("style", "behind"),
    [
        ({"background": "url(x) #123"}, "image"), ({"background": "RED no-repeat".lower()}, "ff0000"),
        ({"background": "transparent"}, "ffffff"), ({"background-color": "currentcolor"}, "00ff00"),
        ({"background": "rgb(1 2 3) fixed"}, "010203"),
        ({"background-image": "linear-gradient(90deg, #111, #121212 50%)"}, "111111"),
        ({"background": "linear-gradient(#111, #eee)"}, "image"),
        ({"background": "radial-gradient(rgb(0,0,0), #000)"}, "image"),
        ({}, "ffffff"),
    ],
)  # fmt: skip
def test_what_lies_behind_is_a_colour_or_an_image(style: dict[str, str], behind: str) -> None:
    assert html_colour.behind(style, "ffffff", "00ff00") == behind


def test_colours_that_look_alike_hide_text() -> None:
    assert html_colour.look_alike("ffffff", "fefefe")
    assert html_colour.look_alike("transparent", "image")
    assert not html_colour.look_alike("000000", "ffffff")
    assert not html_colour.look_alike("000000", "image")


@given(st.text(alphabet="rgbahsl(),.0123456789% /#-+e", max_size=120))
def test_anything_else_is_no_colour_and_no_error(written: str) -> None:
    read = html_colour.read(written, "000000")
    assert read == html_colour.TRANSPARENT or len(bytes.fromhex(read)) == 3
    assert html_colour.behind({"background": written, "background-image": written}, "image", read)
