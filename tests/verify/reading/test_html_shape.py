import pytest

from gatepost.verify.reading.html_shape import four, is_cut_away

AWAY = [
    "inset(100%)",
    "inset(0 60% 0 60%)",
    "inset(calc(25% + 25%) 0)",
    "circle(0)",
    "circle(1px at 0 0)",
    "circle(20px at -100px -100px)",
    "ellipse(0 50% at center)",
    "polygon(0 0,100% 0,0 0)",
    "rect(0 0 0 0)",
    "polygon(-50px -50px,-10px -50px,-10px -10px)",
    "path('m0 0h0v0z')",
    "xywh(0 0 0 0)",
    "url(#c)",
    "circle(0 at right)",
]
THERE = [
    "none",
    "inset(0 5px)",
    "circle(40%)",
    "circle()",
    "polygon(0 0,100% 0,100% 100%,0 100%)",
    "border-box",
    "ellipse()",
    "rect(auto 100px 20px 0)",
    "xywh(0 0 50% 100%)",
    "inset(1px round 9px)",
    "rect(0)",
]


@pytest.mark.parametrize("path", AWAY)
def test_a_path_that_leaves_nothing_hides(path: str) -> None:
    assert is_cut_away({"clip-path": path}, 16.0, 400.0, 20.0)


@pytest.mark.parametrize("path", THERE)
def test_a_path_that_leaves_the_words_does_not(path: str) -> None:
    assert not is_cut_away({"clip-path": path}, 16.0, 400.0, 20.0)


@pytest.mark.parametrize(
    ("clip", "is_away"),
    [
        ("rect(0,0,0,0)", True),
        ("rect(0 2px 2px 0)", True),
        ("rect(10px 10px 10px 10px)", True),
        ("rect(auto,0,auto,0)", True),
        ("rect(0,300px,60px,0)", False),
        ("rect(auto,auto,auto,auto)", False),
        ("auto", False),
        ("rect(0)", False),
    ],
)
def test_a_clip_counts_for_what_has_a_place_of_its_own(clip: str, *, is_away: bool) -> None:
    assert is_cut_away({"clip": clip, "position": "absolute"}, 16.0, 400.0, 20.0) is is_away
    assert not is_cut_away({"clip": clip}, 16.0, 400.0, 20.0)


@pytest.mark.parametrize(
    ("mask", "is_away"),
    [
        ("linear-gradient(transparent, transparent)", True),
        ("linear-gradient(90deg,#0000,#0000)", True),
        ("url(x.png)", True),
        ("linear-gradient(#000,#000) no-repeat -4000px 0/100px 100px", True),
        ("linear-gradient(#000,#000) 0 0/0 0", True),
        ("linear-gradient(#000,#000)", False),
        ("none", False),
        ("linear-gradient(90deg,#000,#000 80%,transparent)", False),
    ],
)
def test_a_mask_hides_what_it_lets_nothing_through_of(mask: str, *, is_away: bool) -> None:
    assert is_cut_away({"mask": mask}, 16.0, 400.0, 20.0) is is_away


def test_four_sides_are_written_in_one_to_four_words() -> None:
    assert four(["1"]) == ("1", "1", "1", "1")
    assert four(["1", "2"]) == ("1", "2", "1", "2")
    assert four(["1", "2", "3"]) == ("1", "2", "3", "2")
    assert four(["1", "2", "3", "4"]) == ("1", "2", "3", "4")
    assert four([]) is None
