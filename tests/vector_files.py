"""Reads the data below ``tests/vectors``."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "vectors"


def lines(path: str) -> list[dict[str, Any]]:
    """Return every case of a JSON Lines file."""
    return [json.loads(line) for line in (_FOLDER / path).read_text(encoding="utf-8").splitlines()]


def document(path: str) -> dict[str, Any]:
    """Return one JSON document."""
    read: dict[str, Any] = json.loads((_FOLDER / path).read_text(encoding="utf-8"))
    return read
