"""Quoted history and signatures: what the author of an answer wrote, apart from everything else."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.mail import fields
from gatepost.verify import content
from gatepost.verify.paper import ModelView
from gatepost.verify.reading import escapes, html_page
from gatepost.verify.reading.marks import Marks
from suites.case import Case, FailedError, expect, rows

MAX_CPU_S = 2.0


def read(folder: Path) -> Iterator[Case]:
    """Yield the answers that the JSON Lines files list."""
    for path in sorted(folder.glob("*.jsonl")):
        for row in rows(path):
            yield Case(row["id"], partial(_check, row))


async def _check(row: dict[str, Any]) -> None:
    started = time.process_time()
    view = _view(row["text"], row["kind"])
    if time.process_time() - started > row.get("max_seconds", MAX_CPU_S):
        raise FailedError("setting it apart takes too long")
    for words in row.get("expect_contains") or ():
        if words not in view.text:
            raise FailedError(f"{words!r} is missing")
    for words in row.get("expect_not_contains") or ():
        if words in view.text:
            raise FailedError(f"{words!r} is still there")
    wanted = row.get("expect_reply")
    if wanted is not None:
        _compare(
            view, html_page.read(wanted, 0, Marks()).human if "<" in wanted and row["kind"] == "html" else wanted, row
        )


def _compare(view: ModelView, wanted: str, row: dict[str, Any]) -> None:
    """Compare the author's words; the suites differ in whether a signature is one of them, so both count."""
    form = _without_spaces if row["compare"] == "ignore-whitespace" else str.strip
    signed = "\n".join(part for part in (view.text, view.signature) if part)
    if form(signed) != form(wanted):
        expect(form(view.text), form(wanted), "what the author wrote")


def _without_spaces(text: str) -> str:
    return "".join(text.split())


def _view(text: str, kind: str) -> ModelView:
    """Read the text as the body of a message; what its author wrote is meant, so no sign is escaped."""
    header = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    raw = header + text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    model = content.read(raw, fields.split(raw)).reading.model
    return ModelView(*map(escapes.undone, (model.text, model.quoted, model.signature)))
