import pytest

from gatepost.verify.reading import html_page
from gatepost.verify.reading.html_colour import MAX_CHARS
from gatepost.verify.reading.html_drawing import covers
from gatepost.verify.reading.marks import Marks


def is_shown(inside: str, around: str = "<svg width=300 height=40>") -> bool:
    marks = Marks()
    views = html_page.read(f"Dear Bob {around}{inside}</svg>", 0, marks)
    assert ("two words" in views.human) is not any("two words" in span.text for span in marks.spans)
    return "two words" in views.human


@pytest.mark.parametrize(
    "inside",
    [
        "<text y=20 fill-opacity=0>two words</text>",
        "<text y=20 style='fill:#fff'>two words</text>",
        "<g fill=none><text y=20>two words</text></g>",
        "<text y=20 transform='scale(0)'>two words</text>",
        "<text y=20 transform='translate(-900 0)'>two words</text>",
        "<text y=100>two words</text>",
        "<text y=-5>two words</text>",
        "<foreignObject width=0 height=0><p>two words</p></foreignObject>",
        "<pattern><text y=20>two words</text></pattern>",
        "<rect width=300 height=40 fill=white /><text y=20 fill=white>two words</text>",
        "<text x=20 y=20><tspan dy=90>two words</tspan></text>",
        "<text y=30 transform='rotate(180 -900 0)'>two words</text>",
    ],
)
def test_a_drawing_hides_words_by_its_attributes(inside: str) -> None:
    assert not is_shown(inside)


@pytest.mark.parametrize(
    "inside",
    [
        "<text y=20>two words</text>",
        "<rect width=300 height=40 fill=black /><text y=20 fill=white>two words</text>",
        "<foreignObject width=300 height=40><p>two words</p></foreignObject>",
        "<g fill=none /><text y=20>two words</text>",
        "<text y=30 font-size=30 fill=none stroke=black>two words</text>",
        "<text y=20 fill=white style='fill:red'>two words</text>",
        "<text x=5 y=20><tspan dy=5>two words</tspan></text>",
    ],
)
def test_other_words_in_it_are_seen(inside: str) -> None:
    assert is_shown(inside)


def test_what_scales_a_drawing_scales_its_words() -> None:
    text = "<text y=200>two words</text>"
    assert not is_shown(text, "<svg width=300 height=40 viewBox='0 0 30000 4000'>")
    assert is_shown(text, "<svg width=300 height=400 viewBox='0 0 300 400'>")


def test_only_a_shape_of_some_size_lies_behind_words() -> None:
    assert covers("rect", {"width": "100%", "height": "40", "fill": "Red"}) == "red"
    assert covers("rect", {"width": "3", "height": "3"}) == ""
    assert covers("path", {"width": "100%", "height": "40"}) == ""


def test_a_fill_is_no_longer_than_a_colour_may_be() -> None:
    assert len(covers("rect", {"width": "300", "height": "300", "fill": "#" * 100_000})) == MAX_CHARS + 1
