"""Our own running log: an event name and ids, one line each. Never an address, a subject or a body."""

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

from typing_extensions import override

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Lines(logging.Formatter):
    """``2026-11-21T08:00:00Z warning postgres.died code=-9`` for people, the same as JSON for machines."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    @override
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[0] is not None:
            extra["error"] = record.exc_info[0].__name__  # its text may quote a stranger's words
        if self._as_json:
            line = {"at": at, "level": record.levelname.lower(), "event": record.getMessage(), **extra}
            return json.dumps(line, default=str)
        values = "".join(f" {name}={value}" for name, value in extra.items())
        return f"{at} {record.levelname.lower():7} {record.getMessage()}{values}"


def to_stream(stream: TextIO) -> None:
    """Send log lines to ``stream``, standard error as a rule: readable on a terminal, JSON elsewhere."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines(as_json=not stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gatepost").setLevel(logging.INFO)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it repeats each failed attempt; we say it once
