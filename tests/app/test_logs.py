import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from gatepost.app import logs


@pytest.fixture
def said() -> Iterator[StringIO]:
    stream = StringIO()
    root, psycopg = logging.getLogger(), logging.getLogger("psycopg")
    level, handlers, psycopg_level = root.level, root.handlers[:], psycopg.level
    root.handlers.clear()
    logs.to_stream(stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    psycopg.setLevel(psycopg_level)


def test_a_line_holds_the_event_and_its_ids(said: StringIO) -> None:
    structlog.get_logger().warning("message.decided", entry=7)
    line = json.loads(said.getvalue())
    assert (line["event"], line["level"], line["entry"]) == ("message.decided", "warning", 7)
    assert line["at"].endswith("Z")


def test_an_exception_is_named_but_never_quoted(said: StringIO) -> None:
    structlog.get_logger().error("parse.failed", exc_info=ValueError("a stranger's words"))
    assert json.loads(said.getvalue())["error"] == "ValueError"
    assert "stranger" not in said.getvalue()


def test_a_library_is_heard_only_when_somebody_must_act_and_is_never_quoted(said: StringIO) -> None:
    logging.getLogger("psycopg.pool").warning("error connecting: %s", "password of boss@acme.example")
    assert not said.getvalue()
    logging.getLogger("asyncio").error("lost %s", "boss@acme.example")
    assert "ERROR asyncio" in said.getvalue()
    assert "boss" not in said.getvalue()
