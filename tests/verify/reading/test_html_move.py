import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading.html_move import STILL, is_from_behind, lands, matrix


def corner(style: dict[str, str], x: float = 0.0, y: float = 0.0) -> tuple[float, float] | None:
    found = lands(matrix({"transform-origin": "0 0", **style}, 10.0, 200.0, 50.0), x, y)
    return None if found is None else (round(found[0], 3) + 0.0, round(found[1], 3) + 0.0)


@pytest.mark.parametrize(
    ("style", "where"),
    [
        ({}, (10, 0)),
        ({"transform": "none"}, (10, 0)),
        ({"transform": "translate(5px, 2em)"}, (15, 20)),
        ({"transform": "translatex(-100%)"}, (-190, 0)),
        ({"translate": "0 10%"}, (10, 5)),
        ({"translate": "1px"}, (11, 0)),
        ({"transform": "translate3d(1px, 2px, 3px)"}, (11, 2)),
        ({"transform": "scale(2)"}, (20, 0)),
        ({"scale": "50%"}, (5, 0)),
        ({"transform": "rotate(90deg)"}, (0, 10)),
        ({"transform": "rotate(.25turn)"}, (0, 10)),
        ({"rotate": "z 100grad"}, (0, 10)),
        ({"transform": "rotatey(90deg)"}, (0, 0)),
        ({"rotate": "0 1 0 90deg"}, (0, 0)),
        ({"transform": "rotate3d(0,1,0,60deg)"}, (5, 0)),
        ({"transform": "matrix(1,0,0,1,-2000,7)"}, (-1990, 7)),
        ({"transform": "skewy(45deg)"}, (10, 10)),
        ({"transform": "matrix3d(2,0,0,0,0,1,0,0,0,0,1,0,4,0,0,1)"}, (24, 0)),
        ({"transform": "translatex(5px) scale(2)"}, (25, 0)),
        ({"transform": "scale(2) translatex(5px)"}, (30, 0)),
        ({"transform": "perspective(100px) translatez(50px)"}, (20, 0)),
        ({"transform": "perspective(100px) translatez(200px)"}, None),
        ({"transform": "rotate(180deg)", "transform-origin": "right top"}, (390, 0)),
        ({"transform": "rotate(90 0 5)"}, (5, 15)),
    ],
)
def test_a_point_lands_where_css_says(style: dict[str, str], where: tuple[float, float] | None) -> None:
    assert corner(style, x=10.0) == where


def test_a_box_shows_its_back_when_it_is_turned_and_not_when_it_is_mirrored() -> None:
    assert is_from_behind(matrix({"transform": "rotatey(180deg)"}, 16.0, 200.0, 50.0))
    assert not is_from_behind(matrix({"transform": "scalex(-1)"}, 16.0, 200.0, 50.0))
    assert not is_from_behind(STILL)


@given(st.text(alphabet="matrixscalerotate3d(),.-0123456789 ", max_size=80))
def test_anything_else_is_no_transform_and_no_error(written: str) -> None:
    assert (
        len(matrix({"transform": written, "rotate": written, "scale": written, "translate": written}, 16.0, 9.0, 9.0))
        == 4
    )
