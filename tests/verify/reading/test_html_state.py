"""What a tag is known by, and what it did."""

from functools import partial

from gatepost.verify.reading.html_open import Open
from gatepost.verify.reading.html_scan import Start
from gatepost.verify.reading.html_state import Endings, State, key_of, together
from gatepost.verify.reading.html_style import Look
from gatepost.verify.reading.html_writing import Writing
from gatepost.verify.reading.marks import Marks


def _key(tag: str, *, names: bool = False, values: bool = False, **attributes: str) -> object:
    return key_of(Start(tag, attributes, 0, 0), asks_names=names, asks_values=values)


def test_where_a_link_leads_makes_it_no_other_link_but_whether_it_does() -> None:
    assert _key("a", href="x") == _key("a", href="y") != _key("a", name="x")
    assert _key("a", href="x", style="color:red") != _key("a", href="x")


def test_a_tag_is_another_where_sheets_may_tell_it_apart() -> None:
    assert _key("td", width="1") == _key("td", align="left")
    assert _key("td", width="1", names=True) != _key("td", align="left", names=True)
    assert _key("td", width="1", names=True) == _key("td", width="2", names=True)
    assert _key("td", width="1", values=True) != _key("td", width="2", values=True)


def test_nothing_is_known_beforehand_of_what_counts() -> None:
    assert [_key(tag) for tag in ("style", "svg", "col", "body", "textarea")] == [None] * 5


def test_two_breaks_are_the_higher_one_of_those_that_are_there() -> None:
    writing = Writing(0, Marks())
    low, high = partial(writing.break_, 1, is_there=True), partial(writing.break_, 2, is_there=False)
    (one,) = together([low, high], writing.break_)
    assert (one.args, one.keywords) == ((1,), {"is_there": True})
    assert together([low, partial(writing.end, "p"), low], writing.break_)[1:2] != ()
    assert len(together([low, partial(writing.end, "p"), low], writing.break_)) == 3


def test_the_end_of_what_was_opened_last_is_known_but_not_of_what_holds_history() -> None:
    writing, endings = Writing(0, Marks()), Endings()
    cell = Open("td", Look(), None, None, {}, is_quote=False)
    inside = State(cell, State(None, None))
    step = inside.ended("td", endings, writing)
    assert step is not None
    assert step.to is inside.around
    assert inside.ended("tr", endings, writing) is None
    quote = Open("div", Look(), None, None, {}, is_quote=True)
    assert State(quote, inside).ended("div", endings, writing) is None
    assert State(cell, inside, is_live=True).ended("td", endings, writing) is None
