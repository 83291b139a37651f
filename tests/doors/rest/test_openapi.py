import json
from pathlib import Path
from typing import Any

import pytest

from gatepost.access.paper import Scope
from gatepost.doors import rest

CHECKED_IN = Path(__file__).parents[3] / "docs" / "openapi.json"
WITHOUT_KEY = {"/health/live", "/health/ready", "/api/problems/{code}"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return rest.assemble().openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, verb, told) for path, verbs in document["paths"].items() for verb, told in verbs.items()]


def test_the_checked_in_description_is_what_the_routes_say(document: dict[str, Any]) -> None:
    """After a change: .venv/bin/python tools/openapi.py."""
    assert json.loads(CHECKED_IN.read_text()) == document


def test_every_operation_needs_a_key_but_the_three_that_say_so(document: dict[str, Any]) -> None:
    assert {path for path, _, told in operations(document) if "security" not in told} == WITHOUT_KEY


def test_the_scopes_named_are_scopes_that_exist(document: dict[str, Any]) -> None:
    named = {
        scope
        for _, _, told in operations(document)
        for requirement in told.get("security", [])
        for scope in requirement["ApiKey"]
    }
    assert set(Scope) - named == {Scope.KEYS_READ, Scope.KEYS_WRITE}  # no routes yet
    assert named < set(Scope)


def test_every_failure_is_described_as_a_problem(document: dict[str, Any]) -> None:
    for path, verb, told in operations(document):
        for status, answer in told["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (path, verb, status)


def test_every_operation_says_what_it_does_under_a_name_of_its_own(document: dict[str, Any]) -> None:
    told = [operation for _, _, operation in operations(document)]
    assert all(operation["summary"] and operation["description"] for operation in told)
    names = [operation["operationId"] for operation in told]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = {piece.split('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in named
