"""The documents keep their word: links lead somewhere, commands exist, decisions are numbered once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gatepost.decide import language
from gatepost.record.canonical import canonical
from gatepost.record.commitment import seal
from gatepost.record.paper import Json
from gatepost.trust import read_operator

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
JSON_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    claims = {each.id for each in read_operator(ROOT / "examples" / "operator").claims}
    for target in LINK.findall(document.read_text()):
        if target.startswith("/trust/claims/"):  # a page of the house
            assert target.removeprefix("/trust/claims/") in claims, f"{document.name} points to {target}"
            continue
        assert (document.parent / target).exists(), f"{document.name} points to {target}"


def test_every_make_target_named_in_a_document_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", document.read_text(), re.MULTILINE))
        assert {first or second for first, second in named} <= targets, document.name


def test_decisions_are_numbered_once_and_say_what_they_cost() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert len(set(numbers)) == len(numbers)
    for path in decisions:
        text = path.read_text().lower()
        assert "## context" in text, path.name
        assert "gave up" in text or "give up" in text, path.name


def test_the_policies_shown_to_newcomers_are_policies() -> None:
    shown = JSON_BLOCK.findall((ROOT / "README.md").read_text())
    shown.append((ROOT / "examples" / "demo" / "policy.json").read_text())
    for text in shown:
        _, warnings = language.parse(json.loads(text), version=1)
        assert warnings == []


def test_the_lines_that_check_an_opening_work_as_printed() -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "rest.md").read_text(), re.DOTALL)
    told: dict[str, Any] = {}
    exec(lines, told)  # noqa: S102  # our own document
    values: dict[str, Json] = {"sender": "jürgen@acme.example", "trace": [{"result": 'a "b"', "check": "x"}], "n": None}
    spelled = {name: canonical(value).encode() for name, value in values.items()}
    commitments, octets = seal(spelled, lambda count: bytes(range(count % 256)))
    opening = json.loads(octets)
    for name, commitment in commitments.items():
        opened = opening[name]
        assert told["opens"](name, opened["salt"], opened["value"], commitment)
        assert not told["opens"](name, opened["salt"], "another", commitment)
