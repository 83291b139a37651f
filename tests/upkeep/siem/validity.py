"""Holds events to the published schemas, as cut into ``published/``: what a strict receiver would complain about."""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "published"
OCSF: dict[str, Any] = json.loads((_FOLDER / "ocsf.json").read_text(encoding="utf-8"))
ECS: dict[str, Any] = json.loads((_FOLDER / "ecs.json").read_text(encoding="utf-8"))
_CLASSES = {each["uid"]: each for each in OCSF["classes"].values()}
_FREE = {"object", "json_t"}
_ECS_TYPES = {"long": (int,), "float": (int, float), "boolean": (bool,)}
_OWN_FIELDS = "gatepost"
"""ECS leaves the names of one's own product to oneself."""


def ocsf_faults(event: Mapping[str, Any]) -> list[str]:
    """Return all that an event lacks, has too much, or spells wrongly."""
    found = _CLASSES.get(event.get("class_uid"))
    if found is None:
        return ["no such class"]
    profiles = {None, *event.get("metadata", {}).get("profiles", ())}
    faults = list(_object_faults(event, found, profiles, ""))
    if event["category_uid"] != found["category_uid"]:
        faults.append("category_uid")
    if event["type_uid"] != found["uid"] * 100 + event["activity_id"]:
        faults.append("type_uid")
    return faults


def _object_faults(made: Mapping[str, Any], schema: Mapping[str, Any], profiles: set[Any], at: str) -> Iterator[str]:
    attributes = {name: said for name, said in schema["attributes"].items() if said.get("profile") in profiles}
    for name, said in attributes.items():
        if said.get("requirement") == "required" and name not in made:
            yield f"{at}{name}: missing"
    for name, value in made.items():
        if name not in attributes:
            yield f"{at}{name}: unknown"
        else:
            yield from _value_faults(value, attributes[name], profiles, f"{at}{name}")
    one_of = schema["constraints"].get("at_least_one", ())
    if one_of and not any(name in made for name in one_of):
        yield f"{at}: none of {one_of}"


def _value_faults(value: Any, said: Mapping[str, Any], profiles: set[Any], at: str) -> Iterator[str]:
    if "deprecated" in said:
        yield f"{at}: deprecated since {said['deprecated']}"
    if said.get("is_array"):
        if not isinstance(value, list):
            yield f"{at}: no array"
            return
        for each in value:
            yield from _value_faults(each, {**said, "is_array": False}, profiles, f"{at}[]")
    elif said["type"] in OCSF["objects"]:
        yield from _object_faults(value, OCSF["objects"][said["type"]], profiles, f"{at}.")
    elif not _is_scalar(value, said["type"]):
        yield f"{at}: no {said['type']}: {value!r}"
    elif "enum" in said and str(value) not in said["enum"]:
        yield f"{at}: {value!r} is none of its values"


def _is_scalar(value: Any, kind: str) -> bool:
    if kind in _FREE:
        return True
    said = OCSF["types"][kind]
    basic = said.get("type", kind)
    wanted = {"string_t": str, "boolean_t": bool, "float_t": float, "integer_t": int, "long_t": int}[basic]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        return False
    if kind == "ip_t":
        return bool(ipaddress.ip_address(str(value)))
    if "regex" in said and not re.search(said["regex"], str(value)):
        return False
    return "max_len" not in said or len(str(value)) <= int(said["max_len"])


def ecs_faults(document: Mapping[str, Any]) -> list[str]:
    """Return the fields that ECS does not have, or not with that value."""
    faults = [fault for name, value in _leaves(document, "") for fault in _field_faults(name, value)]
    told = document["event"]
    allowed = ECS["fields"]["event.category"]["values"]
    faults += [
        f"event.type: {kind} goes with none of {told['category']}"
        for kind in told["type"]
        if not any(kind in allowed[category] for category in told["category"])
    ]
    return faults


def _leaves(made: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    for name, value in made.items():
        if not at and name == _OWN_FIELDS:
            continue
        if isinstance(value, dict):
            yield from _leaves(value, f"{at}{name}.")
        else:
            yield f"{at}{name}", value


def _field_faults(name: str, value: Any) -> Iterator[str]:
    said = ECS["fields"].get(name)
    if said is None:
        yield f"{name}: unknown"
        return
    if isinstance(value, list) != said["is_array"]:
        yield f"{name}: an array where none is expected, or none where one is"
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, _ECS_TYPES.get(said["type"], (str,))):
            yield f"{name}: no {said['type']}: {each!r}"
        elif each not in said.get("values", [each]):
            yield f"{name}: {each!r} is none of its values"
