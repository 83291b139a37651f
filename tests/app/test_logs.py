import json
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from gatepost.app import logs


@pytest.fixture
def said() -> Iterator[StringIO]:
    stream = StringIO()
    logs.to_stream(stream)
    yield stream
    structlog.reset_defaults()


def test_a_line_holds_the_event_and_its_ids(said: StringIO) -> None:
    structlog.get_logger().warning("message.decided", entry=7)
    line = json.loads(said.getvalue())
    assert (line["event"], line["level"], line["entry"]) == ("message.decided", "warning", 7)
    assert line["at"].endswith("Z")


def test_an_exception_is_named_but_never_quoted(said: StringIO) -> None:
    structlog.get_logger().error("parse.failed", exc_info=ValueError("a stranger's words"))
    assert json.loads(said.getvalue())["error"] == "ValueError"
    assert "stranger" not in said.getvalue()
