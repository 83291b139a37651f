"""docs/standards.md lists every deviation there is, and every class of disagreement the differential run knows."""

import importlib.util
import re
from pathlib import Path

from differential.classes import CLASSES
from suites.mime import EXPLANATIONS

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("standards", ROOT / "tools" / "standards.py")
assert _SPEC is not None
assert _SPEC.loader is not None
standards = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(standards)


def test_the_list_is_what_the_source_says() -> None:
    assert standards.main(["--check"]) == 0


def test_a_deviation_ends_with_its_paragraph() -> None:
    docstring = '"""Title.\n\n    deviation: RFC 1 says\n    so.\n\n    More.\n"""\n'
    text = docstring + '# deviation: RFC 2\n# too\nx = 1\n"""deviation: RFC 3."""\n'
    assert standards.deviations(text) == ["RFC 1 says so.", "RFC 2 too", "RFC 3."]


def test_every_class_of_disagreement_and_every_explanation_has_its_row() -> None:
    text = (ROOT / "docs" / "standards.md").read_text()
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE)) == CLASSES | set(EXPLANATIONS)
