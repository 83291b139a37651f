import json
import logging
from collections.abc import Iterator

import pytest

from gatepost.app import logs


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[logging.Logger]:
    del capsys  # standard error is captured before the handler takes hold of it
    root = logging.getLogger()
    before = root.handlers
    logs.to_stderr()
    yield logging.getLogger("gatepost.test")
    root.handlers = before


def test_a_line_holds_the_event_and_its_ids(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log.warning("message.decided", extra={"entry": 7})
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["entry"]) == ("message.decided", "warning", 7)
    assert line["at"].endswith("Z")


def test_an_exception_is_named_but_never_quoted(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("a stranger's words")
    except ValueError:
        log.exception("parse.failed")
    said = capsys.readouterr().err
    assert json.loads(said)["error"] == "ValueError"
    assert "stranger" not in said
