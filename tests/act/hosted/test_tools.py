import pytest

from act.hosted.pieces import document, tool
from gatepost.act.hosted.schema import SchemaError
from gatepost.act.hosted.tools import granted, is_covered, toolbox


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="pay"):
        toolbox([tool(), tool()])


def test_a_tool_whose_schema_would_not_be_enforced_is_refused() -> None:
    with pytest.raises(SchemaError):
        tool(schema={"type": "object", "properties": {"a": {"pattern": "x"}}})


def test_a_turn_is_told_of_exactly_what_operator_and_grant_have_in_common() -> None:
    box = toolbox([tool("a"), tool("b"), tool("c", capability="reply")])
    found = granted(box, document(tools=["c", "b", "nowhere", "b"]), frozenset({"http:a", "http:b"}))
    assert [one.name for one in found] == ["c", "b"]


def test_what_every_grant_implies_needs_none() -> None:
    assert is_covered(tool(capability="reply"), frozenset())
    assert is_covered(tool(capability="calendar.read"), {"read_calendar"})  # another name of it
    assert not is_covered(tool(), frozenset())
