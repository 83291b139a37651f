from gatepost.verify.reading.html_open import Open
from gatepost.verify.reading.html_style import Look, look_below

CUT = {"style": "height: 20px; overflow: hidden; font-size: 10px"}


def opened(tag: str = "div", attributes: dict[str, str] | None = None, *, has_line: bool = False) -> Open:
    attributes = attributes or {}
    look = look_below(Look(), tag, attributes)
    return Open(tag, look, None, None, attributes, is_quote=False, said=look.said, has_line=has_line)


def test_what_nothing_cuts_counts_no_lines() -> None:
    element = opened(has_line=True)
    element.end_line()
    assert (element.is_cut, element.down) == (False, 0.0)


def test_a_line_and_an_empty_one_lead_down_by_the_font_s_size() -> None:
    element = opened(attributes=CUT, has_line=True)
    element.end_line()
    assert (element.is_cut, element.down, element.has_line) == (True, 10.0, False)
    element.end_line()
    assert element.down == 10.0
    element.end_line(is_empty=True)
    assert element.down == 20.0


def test_what_ended_inside_leads_down_as_far_as_it_went_or_as_it_is_high() -> None:
    outer = opened(attributes=CUT)
    outer.take_in(opened("p", {"style": "height: 1px; overflow: hidden; font-size: 12px"}, has_line=True))
    assert (outer.down, outer.has_line) == (12.0, False)
    outer.take_in(opened("p", {"style": "height: 30px"}))
    assert outer.down == 12.0, "of a box that has no place nothing is known"
    outer.take_in(opened("p", {"style": "height: 30px; overflow: hidden"}))
    assert outer.down == 42.0
    outer.take_in(opened("p", {"style": "height: 30px; overflow: hidden; margin-bottom: -30px"}))
    assert outer.down == 42.0, "the next one moves up again"


def test_what_takes_no_room_leads_nowhere() -> None:
    outer = opened(attributes=CUT)
    outer.take_in(opened("p", {"style": CUT["style"] + "; display: none"}, has_line=True))
    outer.take_in(opened("p", {"style": CUT["style"] + "; position: absolute"}, has_line=True))
    assert outer.down == 0.0


def test_words_fill_lines_and_then_the_next_ones() -> None:
    element = opened(attributes={"style": "height: 20px; width: 100px; overflow: hidden; font-size: 10px"})
    element.fill(250.0)
    assert (element.down, element.across) == (20.0, 50.0)
    assert element.is_full(60.0)
    assert not element.is_full(50.0)
    element.make_room(50.0)
    assert element.down == 20.0
    element.make_room(60.0)
    assert (element.down, element.across) == (30.0, 0.0)


def test_boxes_that_float_take_room_beside_the_line_until_it_ends() -> None:
    element = opened(attributes={"style": "height: 20px; width: 100px; overflow: hidden; font-size: 10px"})
    element.take_in(opened("p", {"style": "float: left; width: 60px"}))
    assert (element.down, element.beside) == (0.0, 0.0), "of a box that has no place nothing is known"
    element.take_in(opened("p", {"style": "float: left; width: 60px; overflow: hidden"}))
    element.end_line()
    assert (element.down, element.beside) == (0.0, 60.0)
    element.make_room(60.0)
    assert (element.down, element.beside) == (10.0, 0.0)


def test_words_that_are_not_broken_into_lines_fill_one_without_end() -> None:
    element = opened(attributes={"style": "width: 100px; overflow: hidden; white-space: nowrap"})
    element.fill(250.0)
    assert (element.down, element.across) == (0.0, 250.0)


def test_what_stands_side_by_side_leads_nowhere() -> None:
    outer = opened(attributes=CUT)
    floating = opened("div", {"style": CUT["style"] + "; float: left"}, has_line=True)
    outer.take_in(floating)
    outer.take_in(opened("td", CUT, has_line=True))
    assert outer.down == 0.0
