import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading import html_colour


@pytest.mark.parametrize(
    ("written", "colour"),
    [
        ("White", "ffffff"), ("rebeccapurple", "663399"), ("#FfF", "ffffff"), ("#fffe", "ffffffee"),
        ("#ffffff05", "transparent"),
        ("ABCDEF", "abcdef"), ("#abcde", "000000"), ("rgb(255 0 10%)", "ff001a"), ("rgb(100% 0% 0% / 50%)", "ff000080"),
        ("rgba(1,2,3,0)", "transparent"), ("hsl(120, 100%, 50%)", "00ff00"), ("hsla(-240deg 100% 50% / 1)", "00ff00"),
        ("rgb(999,-5,0)", "ff0000"), ("nonsense", "000000"), ("", "000000"), ("#12345", "000000"),
        ("lab(42 66 56)", "c50504"), ("oklch(62.8% .2577 29.23)", "ff0000"), ("hwb(30 100% 0%)", "ffffff"),
        ("color-mix(in srgb, white 98%, black)", "fafafa"), ("color-mix(in srgb, red 2%, transparent)", "transparent"),
        ("color-mix(in oklab,color-mix(in srgb,white,#fefefe),white)", "ffffff"), ("rgb(from white r g b)", "ffffff"),
        ("rgb(from white calc(r - 200) 0 0)", "370000"), ("hsl(from #123456 h s 100%)", "ffffff"),
        ("rgb(none 0 0 / none)", "transparent"), ("color(display-p3 1 1 1)", "ffffff"), ("FieldText", "000000"),
        ("light-dark(rgb(1, 2, 3), #000)", "010203"), ("rgb(" + "calc(" * 90 + "1", "transparent"),
    ],
)  # fmt: skip
def test_every_way_to_write_a_colour_is_read(written: str, colour: str) -> None:
    assert html_colour.read(written, "000000") == colour


@pytest.mark.parametrize(
    ("style", "behind"),
    [
        ({"background": "url(x) #123"}, "image"), ({"background": "RED no-repeat".lower()}, "ff0000"),
        ({"background": "transparent"}, "ffffff"), ({"background-color": "currentcolor"}, "00ff00"),
        ({"background": "rgb(0 0 0 / 50%)"}, "7f7f7f"), ({"background": "linear-gradient(#fff, #fff), #000"}, "ffffff"),
        ({"background": "linear-gradient(transparent, #fff0), red"}, "ff0000"),
        ({"background": "rgb(1 2 3) fixed"}, "010203"),
        ({"background-image": "linear-gradient(90deg, #111, #121212 50%)"}, "111111"),
        ({"background": "linear-gradient(#111, #eee)"}, "image"),
        ({"background": "radial-gradient(rgb(0,0,0), #000)"}, "000000"),
        ({}, "ffffff"),
    ],
)  # fmt: skip
def test_what_lies_behind_is_a_colour_or_an_image(style: dict[str, str], behind: str) -> None:
    assert html_colour.over(html_colour.painted(style, "00ff00"), "ffffff") == behind


def test_attributes_of_old_know_a_colour_in_any_word() -> None:
    """HTML standard section 2.4.6."""
    written = {"chucknorris": "c00000", "ffffffffffff": "ffffff", "#FFF": "ffffff", "White": "ffffff", "6600": "660000"}
    assert {word: html_colour.legacy(word, "") for word in written} == written
    assert html_colour.legacy("transparent", "abcdef") == html_colour.legacy("", "abcdef") == "abcdef"


def test_what_shines_through_takes_the_colour_behind_it() -> None:
    assert html_colour.over("ff000080", "ffffff") == "ff7f7f"
    assert html_colour.over("ff000080", "image") == "image"
    assert html_colour.over("transparent", "123456") == "123456"
    assert html_colour.look_alike("ffffff80", "fafafa")
    assert not html_colour.look_alike("00000080", "ffffff")


def test_colours_that_look_alike_hide_text() -> None:
    assert html_colour.look_alike("ffffff", "fefefe")
    assert html_colour.look_alike("transparent", "image")
    assert not html_colour.look_alike("000000", "ffffff")
    assert not html_colour.look_alike("000000", "image")


@given(st.text(alphabet="rgbahsl(),.0123456789% /#-+e", max_size=120))
def test_anything_else_is_no_colour_and_no_error(written: str) -> None:
    read = html_colour.read(written, "000000")
    assert read == html_colour.TRANSPARENT or len(bytes.fromhex(read)) in {3, 4}
    assert html_colour.painted({"background": written, "background-image": written}, read)
    assert len(bytes.fromhex(html_colour.legacy(written, "000000"))) == 3


@pytest.mark.parametrize("stops", ["transparent,#000", "#000,transparent", "transparent,#0000,red", "rgb(0 0 0/0),red"])
def test_a_gradient_from_nothing_to_a_colour_is_no_one_colour(stops: str) -> None:
    assert html_colour.painted({"background": f"linear-gradient({stops})"}, "000000") == "image"
