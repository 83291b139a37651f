"""The part of JSON Schema (2020-12) that tools' arguments are declared in, and whether arguments fit it. Pure.

What a declaration says beyond this part would be obeyed by nobody, so it is refused when the tool is declared. Patterns
are not in it: a schema may come from a stranger, and so may the argument.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from gatepost.record.paper import Json

DEPTH_MAX = 8
_TYPES: Mapping[str, Callable[[Json], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: (
        not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
    "number": lambda value: not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value),
}
_WORDS = frozenset({"title", "description", "default", "examples", "format", "$schema", "$id", "deprecated"})
_KNOWN = _WORDS | {
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
    "minLength", "maxLength", "minimum", "maximum",
}  # fmt: skip


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "type": lambda value: (
        value in _TYPES if isinstance(value, str) else _is_texts(value) and bool(value) and set(value) <= set(_TYPES)
    ),
    "properties": lambda value: isinstance(value, Mapping),
    "required": _is_texts,
    "enum": lambda value: isinstance(value, list | tuple),
    "additionalProperties": lambda value: isinstance(value, bool),
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum"), _is_number),
}


class SchemaError(ValueError):
    """The schema says something we would not enforce; the text says where."""


def check_schema(schema: Any, path: str = "schema", depth: int = 0) -> None:
    """See that all of a schema will be enforced.

    Raises:
        SchemaError: it is none, or asks for more than this part.
    """
    if depth > DEPTH_MAX:
        raise SchemaError(f"{path} is nested too deeply")
    if not isinstance(schema, Mapping):
        raise SchemaError(f"{path} is no object")
    if unknown := sorted(set(map(str, schema)) - _KNOWN):
        raise SchemaError(f"{path} uses {unknown[0]}, which is not enforced here")
    for word, is_right in _SHAPES.items():
        if word in schema and not is_right(schema[word]):
            raise SchemaError(f"{path}.{word} is not as JSON Schema has it")
    if not {"type", "enum", "const"} & set(schema):
        raise SchemaError(f"{path} has no type")
    for name, inner in schema.get("properties", {}).items():
        check_schema(inner, f"{path}.{name}", depth + 1)
    if "items" in schema:
        check_schema(schema["items"], f"{path}.items", depth + 1)


def fits(schema: Mapping[str, Any], value: Json) -> bool:
    """Tell whether a value is what the schema asks for.

    deviation: JSON Schema 2020-12 Core section 10.3.2.3 lets members pass that no property names; here they do only
    where ``additionalProperties`` is true, for an argument nobody declared is one nobody checks.
    """
    kinds = _kinds(schema)
    if kinds and not any(_TYPES[kind](value) for kind in kinds):
        return False
    if "enum" in schema and not any(_same(value, each) for each in schema["enum"]):
        return False
    return ("const" not in schema or _same(value, schema["const"])) and _is_sized(schema, value)


def _is_sized(schema: Mapping[str, Any], value: Json) -> bool:
    match value:
        case dict():
            return _object_fits(schema, value)
        case list():
            fitting = all("items" not in schema or fits(schema["items"], each) for each in value)
            return fitting and _is_within(len(value), schema, "minItems", "maxItems")
        case str():
            return _is_within(len(value), schema, "minLength", "maxLength")
        case bool() | None:
            return True
        case int() | float():
            return _is_within(value, schema, "minimum", "maximum")


def _object_fits(schema: Mapping[str, Any], value: dict[str, Json]) -> bool:
    properties: Mapping[str, Any] = schema.get("properties", {})
    if any(name not in value for name in schema.get("required", ())):
        return False
    if not schema.get("additionalProperties", False) and any(name not in properties for name in value):
        return False
    return all(fits(properties[name], each) for name, each in value.items() if name in properties)


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else [str(each) for each in kind]


def _is_within(size: float, schema: Mapping[str, Any], least: str, most: str) -> bool:
    return bool(schema.get(least, size) <= size <= schema.get(most, size))


def _same(one: Json, other: Json) -> bool:
    """Tell whether two values are equal as JSON, where true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other
