import pytest

from gatepost.decide.written import Spelling
from gatepost.doors.rest.problems import Code, Problem
from gatepost.doors.rest.written import JSON, YAML, accepts, spelling_of


@pytest.mark.parametrize(
    ("kind", "spelling"),
    [
        ("", Spelling.JSON),
        ("application/json; charset=utf-8", Spelling.JSON),
        ("application/merge-patch+json", Spelling.JSON),
        ("Application/YAML", Spelling.YAML),
        ("text/yaml;x=y", Spelling.YAML),
        ("application/openapi+yaml", Spelling.YAML),
    ],
)
def test_the_type_says_how_a_body_is_written(kind: str, spelling: Spelling) -> None:
    assert spelling_of(kind) is spelling


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "yaml"])
def test_another_type_is_refused_and_told_which_are_read(kind: str) -> None:
    with pytest.raises(Problem) as caught:
        spelling_of(kind)
    assert caught.value.code is Code.MEDIA_UNSUPPORTED
    assert caught.value.headers == {"Accept": f"{JSON}, {YAML}"}


def test_both_types_are_described() -> None:
    content = accepts({"type": "object"}, {"a": 1})["requestBody"]["content"]
    assert content == {JSON: {"schema": {"type": "object"}, "example": {"a": 1}}, YAML: {"schema": {"type": "object"}}}
