"""Elements that show nothing by themselves."""

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_unshown import unshown


def test_what_a_browser_shows_nothing_of() -> None:
    assert unshown("template", {}, is_drawn=False) is Technique.NOT_RENDERED
    assert unshown("select", {}, is_drawn=False) is Technique.FORM_VALUE
    assert unshown("desc", {}, is_drawn=True) is Technique.NOT_RENDERED
    assert unshown("desc", {}, is_drawn=False) is None
    assert unshown("object", {"data": "x"}, is_drawn=False) is Technique.NOT_RENDERED
    assert unshown("object", {}, is_drawn=False) is None
    assert unshown("details", {"open": ""}, is_drawn=False) is None
    assert unshown("details", {}, is_drawn=False) is Technique.NOT_RENDERED
