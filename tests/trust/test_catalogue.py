"""Each check fails its controls, by the same function that looks at the house, and shares no code with them."""

import ast
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gatepost.trust import Outcome, controls
from gatepost.trust.bench import Bench
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.check import Check
from gatepost.trust.controls import (
    agents,
    doors,
    duty,
    evidence,
    history,
    lagging,
    leaks,
    made,
    papers,
    powers,
    promises,
    rooms,
    server,
    things,
)

CONTROLS = Path(inspect.getfile(controls)).parent
CHECKS = CONTROLS.parent / "checks"


ALONE = [check for check in CATALOGUE.values() if check.id != "agents.off"]
"""All but the one whose control is a whole house with a switch thrown: ``tests/app/test_trusting.py``."""


@pytest.mark.parametrize("check", ALONE, ids=lambda check: check.id)
async def test_it_fails_every_target_known_to_be_bad(check: Check[Any], bench: Bench) -> None:
    found = await check.of_control(bench)
    assert found.outcome is Outcome.FAIL, (found.reason, found.value)
    assert isinstance(found.value, list)
    assert len(check.controls) == len(found.value)


def test_no_check_knows_a_control() -> None:
    for path in CHECKS.glob("*.py"):
        assert "trust.controls" not in path.read_text(), path


@pytest.mark.parametrize(
    "module",
    [agents, doors, duty, evidence, history, lagging, leaks, made, papers, powers, promises, rooms, server, things],
)
def test_a_control_takes_nothing_from_a_check_but_the_shape_of_its_target(module: ModuleType) -> None:
    """What it takes by ``module.Name`` or by import begins with a capital: classes, and no function."""
    tree = ast.parse(inspect.getsource(module))
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and "trust.checks" in node.module
        for name in node.names
    }
    modules = {name for name in imported if name[0].islower()}
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    assert all(name[0].isupper() for name in used), used


def test_the_version_is_that_of_the_files_that_look() -> None:
    versions = {check.judge.__module__: check.version for check in CATALOGUE.values()}
    assert len(set(versions.values())) == len(versions)
    assert all(len(version) == 64 for version in versions.values())
