import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from gatepost.app import logs


@pytest.fixture
def said() -> Iterator[StringIO]:
    root = logging.getLogger()
    before = root.handlers
    stream = StringIO()
    logs.to_stream(stream)
    yield stream
    root.handlers = before


def test_a_line_holds_the_event_and_its_ids(said: StringIO) -> None:
    logging.getLogger("gatepost.test").warning("message.decided", extra={"entry": 7})
    line = json.loads(said.getvalue())
    assert (line["event"], line["level"], line["entry"]) == ("message.decided", "warning", 7)
    assert line["at"].endswith("Z")


def test_an_exception_is_named_but_never_quoted(said: StringIO) -> None:
    try:
        raise ValueError("a stranger's words")
    except ValueError:
        logging.getLogger("gatepost.test").exception("parse.failed")
    assert json.loads(said.getvalue())["error"] == "ValueError"
    assert "stranger" not in said.getvalue()
