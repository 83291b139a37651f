from gatepost.verify.reading.html_open import Open
from gatepost.verify.reading.html_style import Look, look_below

CUT = {"style": "height: 20px; overflow: hidden; font-size: 10px"}


def opened(tag: str = "div", attributes: dict[str, str] | None = None, *, has_line: bool = False) -> Open:
    attributes = attributes or {}
    return Open(tag, look_below(Look(), tag, attributes), None, None, attributes, is_quote=False, has_line=has_line)


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


def test_what_ended_inside_leads_down_as_far_as_it_went_and_its_open_line_ends_with_a_block() -> None:
    outer = opened(attributes=CUT)
    outer.take_in(opened("p", CUT, has_line=True))
    assert (outer.down, outer.has_line) == (10.0, False)
    outer.take_in(opened("b", CUT, has_line=True))
    assert (outer.down, outer.has_line) == (10.0, True)


def test_what_stands_side_by_side_leads_nowhere() -> None:
    outer = opened(attributes=CUT)
    floating = opened("div", {"style": CUT["style"] + "; float: left"}, has_line=True)
    assert floating.is_floating
    outer.take_in(floating)
    outer.take_in(opened("td", CUT, has_line=True))
    assert outer.down == 0.0
