"""Entries as they leave the house in bulk: NDJSON or CSV, page by page, so that memory holds one page.

Only a page is one transaction: an export takes as long as its reader does. It shows what was there when it began, and
of that nothing twice; what is erased meanwhile leaves it. Where the index is further behind than a page looks through,
it waits.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.record import search, word_store
from gatepost.record.errors import IndexBehindError
from gatepost.record.paper import Json
from gatepost.record.search import Page, Sought
from gatepost.record.word_store import BOTTOM, Place, Row

PAGE = 200

LOOK_AGAIN_S, LOOKS = 0.5, 120
"""How often, and how many times, it is asked whether the index has come so far."""

COLUMNS = (
    "entry",
    "leaf_index",
    "at",
    "kind",
    "action",
    "actor",
    "mailbox_id",
    "message_id",
    "object",
    "outcome",
    "reason",
    "sender",
    "recipient",
    "facts",
    "opened",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Form(StrEnum):
    """How a list of entries is spelled."""

    NDJSON = "ndjson"
    CSV = "csv"


def shown(row: Row) -> dict[str, Json]:
    """Return an entry as people and programs read it; ``opened`` is None once it is erased, or ``is_unreadable``."""
    leaf, opened = row.found.leaf, row.found.opened
    facts: Mapping[str, Any] = leaf["decision"] or leaf["detail"] or {}
    return {
        "entry": row.place.entry,
        "leaf_index": row.leaf_index,
        "at": leaf["ts"],
        "kind": leaf["kind"],
        "action": leaf["action"],
        "actor": leaf["actor_ref"],
        "mailbox_id": leaf["account"],
        "message_id": leaf["email"],
        "object": leaf["object_ref"],
        "outcome": facts.get("outcome"),
        "reason": opened.get("detail") or facts.get("reason", opened.get("reason")),
        "sender": opened.get("sender"),
        "recipient": opened.get("recipient"),
        "facts": dict(facts),
        "opened": None if row.opening is None else dict(opened),
        "is_unreadable": row.is_unreadable,
    }


def header(form: Form) -> bytes:
    """Return what stands before the first entry."""
    return _csv(COLUMNS) if form is Form.CSV else b""


def line(row: Row, form: Form) -> bytes:
    """Return one entry as a line, its end included."""
    values = shown(row)
    if form is Form.NDJSON:
        return _json(values) + b"\n"
    return _csv([_cell(values[name]) for name in COLUMNS])


def _json(value: Json) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate: a stranger wrote it, and JSON has no spelling for it
        return orjson.dumps(_clean(value))


def _clean(value: Json) -> Json:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {str(_clean(name)): _clean(each) for name, each in value.items()}
        case list():
            return [_clean(each) for each in value]
        case _:
            return value


def _cell(value: Json) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _json(value).decode()
    text = text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\ufffd")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(cells: list[str] | tuple[str, ...]) -> bytes:
    """Return one record as RFC 4180 spells it, every cell in quotes."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return written.getvalue().encode()


@dataclass(frozen=True, slots=True)
class Piece:
    """Some entries of an export, and how much of the time from its first to its last they bring it to: 0 to 1."""

    rows: tuple[Row, ...]
    share: float


async def span(db: Database, tenant: TenantId, sought: Sought, *, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when an export goes: whoever reads it sees by an entry's time how far it is."""
    async with db.transaction(tenant) as tx:
        first = await word_store.first_at(tx)
    since = max(first or now, sought.since or BOTTOM)
    return since, max(since, min(now, sought.until or now))


async def pieces(
    db: Database, tenant: TenantId, sought: Sought, *, now: datetime, below: Place | None = None, size: int = PAGE
) -> AsyncIterator[Piece]:
    """Yield the entries that are as sought, newest first, in pieces of ``size``; only those below a place if given.

    Raises:
        QueryError: the question cannot be asked.
        IndexBehindError: the index does not come so far in time; what was yielded is right, and not all.
        DatabaseUnavailableError: the database does not answer; likewise.
    """
    since, until = await span(db, tenant, sought, now=now)
    async with db.transaction(tenant) as tx:
        end = await word_store.end(tx)
    after, newest = below, None
    while True:
        page = await _whole(db, tenant, sought, size, after, end)
        after = page.after
        newest = newest or (page.rows[0].place.at if page.rows else until)  # the rest of the time has no entries
        yield Piece(page.rows, 1.0 if after is None else _share(after.at, since, newest))
        if after is None:
            return


async def _whole(db: Database, tenant: TenantId, sought: Sought, size: int, after: Place | None, end: int) -> Page:
    """Return a page that lacks none of the first ``end`` entries of the log."""
    looks = 0
    while True:
        async with db.transaction(tenant) as tx:
            is_indexed = await word_store.next_index(tx) >= end
            behind = 0 if is_indexed else await word_store.backlog(tx, search.UNINDEXED_MAX)
            if behind <= search.UNINDEXED_MAX:
                page = await search.page(tx, sought, limit=size, after=after)
                if is_indexed or page.unindexed <= search.UNINDEXED_MAX:
                    return page
                behind = page.unindexed
        if (looks := looks + 1) > LOOKS:
            raise IndexBehindError(behind)
        await asyncio.sleep(LOOK_AGAIN_S)


def _share(at: datetime, since: datetime, until: datetime) -> float:
    whole = (until - since).total_seconds()
    return min(max((until - at).total_seconds() / whole, 0.0), 1.0) if whole else 1.0
