"""Our own running log: an event name and ids, one line each. Never an address, a subject or a body."""

import logging
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def _name_the_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep an exception's type and drop its text, which may quote a stranger's words."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    return event


def to_stream(stream: TextIO) -> None:
    """Send log lines to ``stream``, standard error as a rule: readable on a terminal, JSON elsewhere."""
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(pad_event_to=24) if stream.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _name_the_error,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through the standard library's logging: only what an operator must act upon.
    logging.basicConfig(stream=stream, level=logging.ERROR, format="%(asctime)s %(levelname)s %(name)s", force=True)
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it chose WARNING: each attempt of each connection
