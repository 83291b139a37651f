"""Our own running log: an event name and ids, one line each. Never an address, a subject or a body."""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from typing_extensions import override

from gatepost.app.structured import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

STALL_MS = 50
"""How long the first of some lines waits for a stream that is not ready; those after it do not."""


def _name_the_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep an exception's type and drop its text, which may quote a stranger's words."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    return event


class _Bare(logging.Formatter):
    """When, how bad and whose; of an exception where it was raised and its kind, never its text."""

    @override
    def formatException(self, ei: Any) -> str:
        return bare_traceback(ei[1])

    @override
    def formatStack(self, stack_info: str) -> str:
        return ""


def bare_traceback(error: BaseException) -> str:
    """Return the places and kinds of an exception and of all it holds, without a word of their texts."""
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(map(bare_traceback, error.exceptions))
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__


class Unfailing:
    """A stream for log lines that holds up nobody: failing or stalling costs lines, and a later one says how many.

    A full disk must not end the house that tells of it, and whoever reads our standard error (a container's log driver,
    a terminal with Ctrl-S) must not stop it by not reading. A descriptor that is ready takes ``PIPE_BUF`` octets at
    once (POSIX ``write``), so a line is written in such pieces, each asked for first.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line: list[str] = []
        self._is_torn = False
        self.lines_failed = 0
        self._descriptor = -1
        self._poll = select.poll()
        with suppress(OSError):  # not a file, as io's streams in memory are not
            self._descriptor = stream.fileno()
            self._poll.register(self._descriptor, select.POLLOUT)

    def write(self, text: str) -> int:
        """Take a part of a line."""
        self._line.append(text)
        return len(text)

    def flush(self) -> None:
        """Write the line, if that can be done now."""
        line = "".join(self._line)
        self._line.clear()
        try:
            is_written = self._put(line)
        except OSError:
            is_written = False
        self.lines_failed = 0 if is_written else self.lines_failed + 1

    def _put(self, line: str) -> bool:
        if self._descriptor < 0:
            self._stream.write(line)
            self._stream.flush()
            return True
        left = memoryview((f"\n{line}" if self._is_torn else line).encode(errors="backslashreplace"))
        while left:
            if not self._poll.poll(0 if self.lines_failed else STALL_MS):
                return False
            written = os.write(self._descriptor, left[: select.PIPE_BUF])
            self._is_torn, left = True, left[written:]
        self._is_torn = False
        return True

    def name_the_failed(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Let a line say how many before it failed."""
        if self.lines_failed:
            event["lines_failed"] = self.lines_failed
        return event


def hush_crashes(stream: TextIO) -> None:
    """Let whatever ends the process, a thread or a finaliser be told without the words it may quote."""
    unfailing = Unfailing(stream)

    def tell(error: BaseException | None) -> None:
        unfailing.write(f"{bare_traceback(error) if error else 'an error without a name'}\n")
        unfailing.flush()

    sys.excepthook = lambda _kind, error, _trace: tell(error)
    sys.unraisablehook = lambda unraisable: tell(unraisable.exc_value)
    threading.excepthook = lambda crash: tell(crash.exc_value)


def to_stream(stream: TextIO) -> None:
    """Send log lines to ``stream``, standard error as a rule: JSON; on a terminal readable, and warnings only."""
    renderer: Processor = structlog.processors.JSONRenderer()
    level, time = logging.INFO, "iso"
    if stream.isatty():  # whoever looks on is to be told what needs them, in lines that fit
        renderer = structlog.dev.ConsoleRenderer(timestamp_key="at", pad_event_to=0, pad_level=False)
        level, time = logging.WARNING, "%H:%M:%SZ"
    unfailing = Unfailing(stream)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt=time, utc=True, key="at"),
            _name_the_error,
            unfailing.name_the_failed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", unfailing)),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through the standard library's logging: only what an operator must act upon.
    handler = logging.StreamHandler(unfailing)
    handler.setFormatter(_Bare("%(asctime)s %(levelname)s %(name)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it chose WARNING: each attempt of each connection
