"""The play's small parts. The whole of it is played in test_whole.py."""

import ast
from pathlib import Path

import pytest

import run
from house import DemoError


def test_a_former_output_makes_room(tmp_path: Path) -> None:
    (tmp_path / "report.json").touch()
    (tmp_path / "proofs").mkdir()
    assert list(run.cleared(tmp_path).iterdir()) == []


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(DemoError, match="--out"):
        run.cleared(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    assert run.cleared(tmp_path / "a" / "b").is_dir()


def test_the_throw_away_folder_is_thrown_away() -> None:
    with run.throw_away_folder() as folder:
        (folder / "x").touch()
    assert not folder.exists()


def test_the_script_does_not_import_the_house() -> None:
    for file in run.HERE.glob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not {name for name in imported if name.split(".")[0] == "gatepost"}
