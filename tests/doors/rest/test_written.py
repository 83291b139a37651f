import threading

import pytest
from fastapi import Request
from starlette.types import Message

from gatepost.decide.written import Spelling, read_document
from gatepost.doors.rest import written
from gatepost.doors.rest.problems import Code, Problem
from gatepost.doors.rest.written import AT_ONCE_OCTETS, JSON, YAML, accepts, spelling_of


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


@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
async def test_what_takes_long_to_read_is_read_beside_the_loop(
    is_large: bool,  # noqa: FBT001  # a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = b"- 1\n" * (AT_ONCE_OCTETS // 4 + is_large)
    readers: list[int] = []

    def read(octets: bytes, spelling: Spelling) -> object:
        readers.append(threading.get_ident())
        return read_document(octets, spelling)

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    monkeypatch.setattr(written, "read_document", read)
    request = Request({"type": "http", "headers": [(b"content-type", YAML.encode())]}, receive)
    assert await written.written(request) == [1] * (len(body) // 4)
    assert (readers == [threading.get_ident()]) is not is_large
