"""The house rules a machine can check: names, papers, silences, and a test for every module."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "gatepost"
FORBIDDEN_NAMES = {"utils", "helpers", "core", "common", "base", "misc", "shared", "lib", "manager", "service"}
PAPERS = {
    "Arrived": "arrive",
    "Verified": "verify",
    "Evidence": "verify",
    "Decided": "decide",
    "Decision": "decide",
    "Recorded": "record",
    "CarriedOut": "deliver",
}
DECLARATIONS_ONLY = {"__init__", "__main__", "paper", "clock", "meters", "ids", "reasons", "errors", "envelope"}
"""Modules that declare and do nothing; their neighbours' tests use them on every line."""


def modules() -> Iterator[Path]:
    yield from sorted(SOURCE.rglob("*.py"))


def test_no_room_or_file_has_a_name_that_means_nothing() -> None:
    assert [path for path in SOURCE.rglob("*") if path.stem in FORBIDDEN_NAMES] == []


def test_each_paper_is_written_only_in_its_own_room() -> None:
    trespasses = []
    for path in modules():
        room = path.relative_to(SOURCE).parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if PAPERS.get(name, room) != room:
                    trespasses.append(f"{path.relative_to(ROOT)}:{node.lineno} builds {name}")
    assert trespasses == []


def test_every_silence_has_a_reason_and_they_are_few() -> None:
    """A silence is a noqa, a type-ignore or a no-cover; raising their share needs a better reason than a deadline."""
    bare, count, lines = [], 0, 0
    for path in modules():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            lines += 1
            if re.search(r"#\s*(noqa|type:\s*ignore|pragma: no cover)", line):
                count += 1
                if not re.search(r"#\s*(noqa: ?[A-Z0-9, ]+|type: ignore\[[\w, -]+\]|pragma: no cover)\s+# \S", line):
                    bare.append(f"{path.relative_to(ROOT)}:{number}")
    assert bare == []
    assert count <= lines // 500


def test_no_import_contract_is_weakened_without_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    contracts = text[text.index("[tool.importlinter]") :]
    for line in contracts.splitlines():
        if "ignore_imports" in line or re.search(r'^\s*"gatepost\S* -> ', line):
            assert "# " in line, f"without a reason: {line}"
    assert contracts.count(" -> ") <= 8


def named_by_tests(room: str) -> set[str]:
    """Return the dotted names that the tests of a room import, outside tests that walk through the whole house."""
    folder = ROOT / "tests" / room
    found: set[str] = set()
    for path in [*folder.rglob("*.py"), *(ROOT / "tests").glob(f"test_{room}.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
                found.update(f"{node.module}.{name.name}" for name in node.names)
    return found


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_has_its_test(path: Path) -> None:
    """A file of its own, or a test of its room that imports it by name."""
    place = path.relative_to(SOURCE)
    if place.stem in DECLARATIONS_ONLY:
        return
    own = ROOT / "tests" / place.parent / f"test_{place.stem}.py"
    name = ".".join(("gatepost", *place.with_suffix("").parts))
    room = place.parts[0] if len(place.parts) > 1 else place.stem
    assert own.exists() or name in named_by_tests(room), f"write {own.relative_to(ROOT)}"


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"
