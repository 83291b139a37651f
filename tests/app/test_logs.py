import json
import logging
from io import StringIO

import pytest

from gatepost.app import logs


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    before = logging.getLogger().handlers
    logs.to_stderr()
    monkeypatch.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers)
    logging.getLogger().handlers, ours = before, logging.getLogger().handlers
    logging.getLogger("gatepost.test").handlers = ours
    return stream


def test_a_line_holds_the_event_and_its_ids(lines: StringIO) -> None:
    logging.getLogger("gatepost.test").warning("message.decided", extra={"entry": 7})
    line = json.loads(lines.getvalue())
    assert (line["event"], line["level"], line["entry"]) == ("message.decided", "warning", 7)
    assert line["at"].endswith("Z")


def test_an_exception_is_named_but_never_quoted(lines: StringIO) -> None:
    try:
        raise ValueError("a stranger's words")
    except ValueError:
        logging.getLogger("gatepost.test").exception("parse.failed")
    assert json.loads(lines.getvalue())["error"] == "ValueError"
    assert "stranger" not in lines.getvalue()
