from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.act.hosted.schema import SchemaError, check_schema, fits

OBJECT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 3},
        "count": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
        "kind": {"enum": ["a", 1]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
    },
    "required": ["text"],
}


@pytest.mark.parametrize(
    "value",
    [
        {"text": "a"},
        {"text": "abc", "count": None, "kind": "a"},
        {"text": "a", "count": 9.0, "kind": 1, "tags": ["x", "y"]},
    ],
)
def test_what_is_asked_for_fits(value: Any) -> None:
    check_schema(OBJECT)
    assert fits(OBJECT, value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "a",
        {},
        {"text": ""},
        {"text": "abcd"},
        {"text": 1},
        {"text": "a", "count": True},
        {"text": "a", "count": 1.5},
        {"text": "a", "count": 10},
        {"text": "a", "count": float("nan")},
        {"text": "a", "kind": True},
        {"text": "a", "tags": ["x", "y", "z"]},
        {"text": "a", "tags": [1]},
        {"text": "a", "other": 1},
    ],
)
def test_anything_else_does_not(value: Any) -> None:
    assert not fits(OBJECT, value)


def test_members_nobody_declared_pass_only_where_the_schema_says_so() -> None:
    assert fits({"type": "object", "additionalProperties": True}, {"x": 1})
    assert not fits({"type": "object"}, {"x": 1})


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {},
        {"type": "object", "pattern": "(a+)+"},
        {"type": "oject"},
        {"type": []},
        {"type": "object", "properties": []},
        {"type": "object", "required": "text"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "string", "maxLength": "3"},
        {"$ref": "http://evil.example/schema"},
        {"type": "object", "properties": {"a": {"anyOf": []}}},
        {"type": "array", "items": {}},
    ],
)
def test_a_schema_that_would_not_be_enforced_is_refused(schema: Any) -> None:
    with pytest.raises(SchemaError):
        check_schema(schema)


def test_a_schema_without_an_end_is_refused() -> None:
    endless: dict[str, Any] = {"type": "array"}
    endless["items"] = endless
    with pytest.raises(SchemaError, match="deeply"):
        check_schema(endless)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*OBJECT, "type"]), inner, max_size=3),
)


@given(ANYTHING, ANYTHING)
def test_whatever_the_schema_it_is_refused_or_it_answers(schema: Any, value: Any) -> None:
    try:
        check_schema(schema)
    except SchemaError:
        return
    assert fits(schema, value) in {True, False}
