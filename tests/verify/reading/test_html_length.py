import tracemalloc

import pytest

from gatepost.verify.reading.html_length import FONT_SIZE, font_size, in_pixels, number, pixels


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("", 0),
        ("3px", 3),
        ("2em", 32),
        ("-9e3px", -9000),
        ("calc(1px - 1px)", 0),
        ("calc(-9999px)", -9999),
        ("x", 0),
        ("calc(-1 * 9999px)", -9999),
        ("min(-9999px, 0px)", -9999),
        ("calc((1px + 1em) / 2 - 4px)", 4.5),
        ("max(1px,2px)", 2),
        ("calc(1px / 0)", 0),
        ("calc(", 0),
        ("calc(1px", 1),  # CSS closes at the end what is open
        ("calc()", 0),
        ("calc(20px * sin(0))", 0),
        ("calc(1px * pow(2, 3))", 8),
        ("calc(1px * sqrt(16))", 4),
        ("calc(1px * pow(9, 999))", 0),
        ("calc(1px * min(7, 3, 5))", 3),
        ("calc(,)", 0),
        ("calc(" * 500, 0),
    ],
)
def test_a_length_is_read_in_pixels(written: str, length: float) -> None:
    assert pixels(written) == length


@pytest.mark.parametrize(
    ("style", "size"),
    [
        ({}, 20), ({"font-size": "0"}, 0), ({"font-size": "50%"}, 10), ({"font-size": "2em"}, 40),
        ({"font": "bold 1px/1 Arial"}, 1), ({"font-size": "min(0px, 20px)"}, 0),
        ({"font-size": "clamp(1px,0px,2px)"}, 1),
        ({"font-size": "calc(1px * 0)"}, 0),
        ({"font-size": "medium"}, FONT_SIZE), ({"font-size": "-1px"}, 20), ({"font-size": "nonsense"}, 20),
    ],
)  # fmt: skip
def test_a_fonts_size_is_its_own_or_what_is_around(style: dict[str, str], size: float) -> None:
    assert font_size(style, 20) == size


def test_lengths_that_count_from_the_pages_font_follow_it() -> None:
    assert in_pixels("calc(1.5rem + 2px)", 10.0) == "calc(15.0000px + 2px)"
    assert in_pixels("1em", 10.0) == "1em"


def test_what_is_too_long_to_be_a_length_is_not_remembered() -> None:
    tracemalloc.start()
    try:
        for digit in range(20):
            assert number(f"{digit}" * 50_000) is None
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()
