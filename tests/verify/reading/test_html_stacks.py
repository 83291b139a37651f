"""Open elements follow the reading wherever it has gone."""

from gatepost.verify.reading.html_open import Open
from gatepost.verify.reading.html_stacks import Stacks
from gatepost.verify.reading.html_state import State
from gatepost.verify.reading.html_style import Look


def _inside(around: State, *tags: str) -> State:
    for tag in tags:
        is_table = tag == "table"
        around = State(Open(tag, Look(), None, None, {}, is_quote=tag == "q"), around, is_table=is_table)
    return around


def _tags(stacks: Stacks) -> list[str]:
    return [element.tag for element in stacks.open]


def test_stacks_close_and_open_what_lies_between() -> None:
    stacks = Stacks()
    table = _inside(stacks.state, "div", "q", "table")
    deep, beside = _inside(table, "tr", "td", "b"), _inside(table.around, "p", "i")
    for there, tags in (
        (deep, ["div", "q", "table", "tr", "td", "b"]),
        (beside, ["div", "q", "p", "i"]),
        (table, ["div", "q", "table"]),
    ):
        stacks.go(there)
        assert _tags(stacks) == tags
        assert stacks.state is there
        assert stacks.quotes == 1
        assert stacks.tables.is_entered(2) == ("table" in tags)
    stacks.go(beside)
    assert stacks.scopes == []
    assert stacks.places["p"] == [2]


def test_an_end_tag_reaches_out_of_no_cell_but_that_of_a_table_does() -> None:
    stacks = Stacks()
    stacks.go(_inside(stacks.state, "p", "table", "tr", "td", "b"))
    assert stacks.ended_by("p") == stacks.within("p") == 5
    assert stacks.ended_by("table") == 1
    assert stacks.ended_by("b") == 4


def test_a_row_ends_the_one_before_but_not_through_another_table() -> None:
    stacks = Stacks()
    stacks.go(_inside(stacks.state, "table", "tr", "td"))
    assert stacks.sibling_of("tr") == 1
    stacks.go(_inside(stacks.state, "table"))
    assert stacks.sibling_of("tr") == stacks.sibling_of("td") == 4


def test_names_are_kept_from_when_they_are_asked_for() -> None:
    stacks = Stacks()
    stacks.go(_inside(stacks.state, "div"))
    stacks.name()
    assert stacks.above == {"div": 1}
