"""Cut the published OCSF and ECS schemas down to what our events use, for tests to hold the events to.

    tools/siem_schemas.py OCSF_GIT ECS_GIT FOLDER

The first two are clones of github.com/ocsf/ocsf-schema and github.com/elastic/ecs with their tags. Kept is what decides
whether an event is valid: names, types, enumerations, requirements, constraints; descriptions are left out.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

OCSF_TAG, ECS_TAG = "1.8.0", "v9.0.0"
CLASSES = {
    "email_activity": ("events/base_event", "events/network/email_activity"),
    "entity_management": ("events/base_event", "events/iam/iam", "events/iam/entity_management"),
    "api_activity": ("events/base_event", "events/application/application", "events/application/api_activity"),
}
PROFILES = ("security_control",)
OBJECTS = {
    "actor": ("objects/actor",),
    "api": ("objects/api",),
    "email": ("objects/email",),
    "email_auth": ("objects/email_auth",),
    "managed_entity": ("objects/_entity", "objects/managed_entity"),
    "metadata": ("objects/metadata",),
    "network_endpoint": ("objects/_entity", "objects/endpoint", "objects/network_endpoint"),
    "policy": ("objects/policy",),
    "product": ("objects/_entity", "objects/product"),
    "resource_details": ("objects/_entity", "objects/_resource", "objects/resource_details"),
    "user": ("objects/_entity", "objects/user"),
}
Read = Callable[[str], dict[str, Any]]
ECS_SETS = ("@timestamp", "ecs", "email", "event", "organization", "related", "rule", "source", "user")


def main() -> None:
    """Write ``ocsf.json`` and ``ecs.json``."""
    ocsf_git, ecs_git, folder = sys.argv[1:]
    for name, found in (("ocsf", ocsf(ocsf_git)), ("ecs", ecs(ecs_git))):
        text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
        (Path(folder) / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def show(git: str, tag: str, path: str) -> str:
    """Return a file's text at a tag."""
    command = ["git", "-C", git, "show", f"{tag}:{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  # our own words


def ocsf(git: str) -> dict[str, Any]:
    """Return the classes, objects and types that our events use."""

    def read(path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(show(git, OCSF_TAG, f"{path}.json"))
        return found

    words = read("dictionary")
    classes = {name: whole(read, paths) for name, paths in CLASSES.items()}
    for name in PROFILES:
        for attribute, said in read(f"profiles/{name}")["attributes"].items():
            for each in classes.values():
                made = merged(merged({}, words["attributes"][attribute]), said) | {"profile": name}
                each["attributes"].setdefault(attribute, made)
    categories = read("categories")["attributes"]
    for name, paths in CLASSES.items():
        category = next(found["category"] for path in reversed(paths) if "category" in (found := read(path)))
        uid = categories[category]["uid"]
        for computed in ("category_uid", "class_uid", "type_uid"):
            classes[name]["attributes"][computed].pop("enum", None)
        classes[name] |= {"uid": uid * 1000 + read(paths[-1])["uid"], "category_uid": uid}
    types = {
        name: {key: said[key] for key in ("type", "regex", "max_len", "range") if key in said}
        for name, said in words["types"]["attributes"].items()
    }
    return {
        "version": OCSF_TAG,
        "classes": classes,
        "objects": {name: whole(read, paths) for name, paths in OBJECTS.items()},
        "types": types,
    }


def whole(read: Read, paths: tuple[str, ...]) -> dict[str, Any]:
    """Return what files say one over the other, the last one nearest."""
    words = read("dictionary")["attributes"]
    attributes: dict[str, Any] = {}
    constraints: dict[str, Any] = {}
    for path in paths:
        found = read(path)
        constraints = found.get("constraints") or constraints
        for name, said in found["attributes"].items():
            if name != "$include":
                attributes[name] = merged(attributes.get(name) or merged({}, words[name]), said)
    return {"attributes": attributes, "constraints": constraints}


def merged(had: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Return what bears on an attribute's validity, with what a class, object or profile says of it laid over."""
    made: dict[str, Any] = {**had, **{key: said[key] for key in ("type", "is_array", "requirement") if key in said}}
    if "enum" in said:
        made["enum"] = sorted({*had.get("enum", ()), *said["enum"]}, key=lambda each: (len(each), each))
    if "@deprecated" in said:
        made["deprecated"] = said["@deprecated"]["since"]
    return made


def ecs(git: str) -> dict[str, Any]:
    """Return the fields of the sets that our documents use."""
    flat: dict[str, Any] = yaml.safe_load(show(git, ECS_TAG, "generated/ecs/ecs_flat.yml"))
    fields: dict[str, Any] = {}
    for name, said in flat.items():
        if name.partition(".")[0] in ECS_SETS:
            fields[name] = {"type": said["type"], "is_array": "array" in said["normalize"]}
            values = said.get("allowed_values", ())
            if values:
                fields[name]["values"] = {each["name"]: each.get("expected_event_types", []) for each in values}
    return {"version": ECS_TAG, "fields": fields}


if __name__ == "__main__":
    main()
