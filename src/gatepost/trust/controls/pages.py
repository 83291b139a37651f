"""Pages that must be found out because the log says otherwise, each with one fault."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from gatepost.ids import EntryId
from gatepost.trust.bench import Bench
from gatepost.trust.checks import shown
from gatepost.trust.checks.page import Served
from gatepost.trust.controls.doors import serving

_DIGEST, _AT = "1" * 64, datetime(2090, 1, 1, tzinfo=UTC)
_SAID = "2090-01-01T00:00:00Z"


def _centre(rows: str, revised: str = _SAID, digest: str = _DIGEST) -> Mapping[str, tuple[str, bytes]]:
    listed = json.dumps({"revised_at": revised, "revision_sha256": digest, "claims": []})
    page = f'<time data-revised="{revised}">then</time>{rows}'
    return {"/trust/claims.json": ("application/json", listed.encode()), "/trust/": ("text/html", page.encode())}


def _revision(page: Served, stated: str = _DIGEST) -> shown.Revision:
    return shown.Revision(stated, _AT, _DIGEST, _AT, page, wait_s=0)


@asynccontextmanager
async def unstated(bench: Bench) -> AsyncIterator[shown.Revision]:
    """A folder that says something else than the log."""
    async with serving(bench, _centre("")) as page:
        yield _revision(page, stated="0" * 64)


@asynccontextmanager
async def younger_than_it_is(bench: Bench) -> AsyncIterator[shown.Revision]:
    """A page that says it was revised a month after the log has it."""
    async with serving(bench, _centre("", revised="2090-02-01T00:00:00Z")) as page:
        yield _revision(page)


@asynccontextmanager
async def of_another(bench: Bench) -> AsyncIterator[shown.Revision]:
    """A page that names a revision that is not the log's newest."""
    async with serving(bench, _centre("", digest="0" * 64)) as page:
        yield _revision(page)


@asynccontextmanager
async def hidden(bench: Bench) -> AsyncIterator[shown.Listing]:
    """A failed claim that vanished from the page."""
    async with serving(bench, _centre('<p data-claim="one" data-status="PASS">Fine.</p>')) as page:
        yield shown.Listing(frozenset({"one", "two"}), page, wait_s=0)


@asynccontextmanager
async def without_history(bench: Bench) -> AsyncIterator[shown.Listing]:
    """A failing claim on the page whose history names no failure."""
    pages = _centre('<p data-claim="one" data-status="FAIL">Not so.</p>')
    history = {"/trust/history/one": ("application/json", b'[{"outcome": "PASS"}]')}
    async with serving(bench, {**pages, **history}) as page:
        yield shown.Listing(frozenset({"one"}), page, wait_s=0)


@asynccontextmanager
async def untold(bench: Bench) -> AsyncIterator[shown.Tidings]:
    """A revision of two hours ago that nobody was told of, in a house that told of others."""
    now = bench.clock()
    yield shown.Tidings(((EntryId(7), now - timedelta(hours=2)),), frozenset(), now - timedelta(hours=3), now)
