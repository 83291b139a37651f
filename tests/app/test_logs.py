import errno
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from typing import TextIO, cast

import pytest
import structlog
from typing_extensions import override

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


def test_whoever_looks_on_at_a_terminal_sees_what_needs_them_in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    logs.to_stream(stream)
    structlog.get_logger().info("rest.answered", status=200)
    structlog.get_logger().warning("webhook.stopped", webhook="wh_x")
    structlog.reset_defaults()
    line = re.sub(r"\x1b\[\d+m", "", stream.getvalue())
    assert re.fullmatch(r"\d\d:\d\d:\d\dZ \[warning\] webhook.stopped webhook=wh_x\n", line), line


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


def test_a_library_that_logs_an_exception_is_told_by_place_and_kind(said: StringIO) -> None:
    try:
        raise_words()
    except ValueError:
        logging.getLogger("asyncio").exception("it failed")
    assert "raise_words" in said.getvalue()
    assert "ValueError" in said.getvalue()
    assert "stranger" not in said.getvalue()


def test_a_crash_is_told_by_places_and_kinds_whatever_ended() -> None:
    stream, hooks = StringIO(), (sys.excepthook, sys.unraisablehook, threading.excepthook)
    try:
        logs.hush_crashes(stream)
        group = ExceptionGroup("a stranger's group", [ValueError("a stranger's words"), KeyError("a stranger's key")])
        sys.excepthook(type(group), group, None)
        thread = threading.Thread(target=raise_words)
        thread.start()
        thread.join()
    finally:
        sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    assert stream.getvalue().count("ValueError") == 3  # one of them in the line that raised it
    assert "KeyError" in stream.getvalue()
    assert "stranger's" not in stream.getvalue()


def raise_words() -> None:
    text = "a " + "stranger's words"
    raise ValueError(text)


class FillingUp(StringIO):
    """A log file on a disk that is full for a while."""

    is_full = False

    @override
    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_a_line_that_cannot_be_written_harms_nobody_and_is_counted_in_the_next_that_can() -> None:
    stream = FillingUp()
    unfailing = logs.Unfailing(stream)
    logger = structlog.wrap_logger(
        structlog.PrintLogger(cast("TextIO", unfailing)),
        processors=[unfailing.name_the_failed, structlog.processors.JSONRenderer()],
    )
    stream.is_full = True
    logger.error("one.failed")
    logger.error("two.failed")
    stream.is_full = False
    logger.error("three.written")
    logger.error("four.written")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines == [{"event": "three.written", "lines_failed": 2}, {"event": "four.written"}]


def test_a_crash_is_told_to_a_full_disk_without_another() -> None:
    hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    stream = FillingUp()
    stream.is_full = True
    try:
        logs.hush_crashes(stream)
        sys.excepthook(ValueError, ValueError("words"), None)
    finally:
        sys.excepthook, sys.unraisablehook, threading.excepthook = hooks


def test_a_reader_that_stalls_holds_up_nobody_and_reads_on_with_a_whole_line() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb") as reader:
        unfailing = logs.Unfailing(stream)
        logger = structlog.wrap_logger(
            structlog.PrintLogger(cast("TextIO", unfailing)),
            processors=[unfailing.name_the_failed, structlog.processors.JSONRenderer()],
        )
        while not unfailing.lines_failed:  # would stand here for ever
            logger.info("much.said", words="w" * 10_000)
        logger.info("one.more")
        os.set_blocking(reader.fileno(), False)
        reader.read()
        logger.info("at.last")
        torn, whole, end = reader.read().split(b"\n")
    assert (torn, end) == (b"", b"")
    assert json.loads(whole) == {"event": "at.last", "lines_failed": 2}
