"""Our own running log: an event name and ids, one line each. Never an address, a subject or a body."""

import logging
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override


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
    """A stream for log lines whose own failures harm nobody: a log on a full disk must not end what it tells of.

    ``lines_failed`` says how many lines in a row could not be written at once; what the stream keeps in its buffer
    follows once there is room.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_failing = False
        self.lines_failed = 0

    def write(self, text: str) -> int:
        """Write if that can be done."""
        try:
            return self._stream.write(text)
        except OSError:
            self._is_failing = True
            return len(text)

    def flush(self) -> None:
        """End a line."""
        try:
            self._stream.flush()
        except OSError:
            self._is_failing = True
        self.lines_failed = self.lines_failed + 1 if self._is_failing else 0
        self._is_failing = False

    def name_the_failed(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Let a line say how many before it failed."""
        if self.lines_failed:
            event["lines_failed"] = self.lines_failed
        return event


def hush_crashes(stream: TextIO) -> None:
    """Let whatever ends the process, a thread or a finaliser be told without the words it may quote."""

    def tell(error: BaseException | None) -> None:
        with suppress(OSError):
            stream.write(f"{bare_traceback(error) if error else 'an error without a name'}\n")

    sys.excepthook = lambda _kind, error, _trace: tell(error)
    sys.unraisablehook = lambda unraisable: tell(unraisable.exc_value)
    threading.excepthook = lambda crash: tell(crash.exc_value)


def to_stream(stream: TextIO) -> None:
    """Send log lines to ``stream``, standard error as a rule: readable on a terminal, JSON elsewhere."""
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(pad_event_to=24) if stream.isatty() else structlog.processors.JSONRenderer()
    )
    unfailing = Unfailing(stream)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _name_the_error,
            unfailing.name_the_failed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", unfailing)),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through the standard library's logging: only what an operator must act upon.
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Bare("%(asctime)s %(levelname)s %(name)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it chose WARNING: each attempt of each connection
