"""Tells whether a test that is said to see an entry is there and names the entry's action."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


def is_seen(test: str, action: str) -> bool:
    """Tell whether ``file::function`` is a test, and it or a function it calls compares with this very action."""
    path, _, name = test.partition("::")
    functions = _functions(path)
    return name.startswith("test_") and name in functions and action in _words(functions, name, frozenset())


@cache
def _functions(path: str) -> dict[str, ast.AST]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def _words(functions: dict[str, ast.AST], name: str, above: frozenset[str]) -> set[str]:
    """Return every string in a function and in those of its module that it calls."""
    words: set[str] = set()
    for node in ast.walk(functions[name]):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.add(node.value)
        elif isinstance(node, ast.Name) and node.id in functions and node.id not in above | {name}:
            words |= _words(functions, node.id, above | {name})
    return words
