"""The page held against the log: the revision it names, that no claim is hidden, who was told of changes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from gatepost.ids import EntryId
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST
from gatepost.trust import leaf, store
from gatepost.trust.checks.page import Marks, Served, fetch, newest, served
from gatepost.trust.leaf import REVISION
from gatepost.trust.news import store as news_store
from gatepost.trust.paper import CannotVerifyError, Finding, Outcome, failed, passed, status_of
from gatepost.trust.world import World

YEAR = timedelta(days=366)
STATED = "revision.stated"
"""The check's own id: once its claim was stale, it may not be so because of that."""
SETTLES_S = 10.0
"""How long a page may show what was true a moment ago: a reading serves for some seconds."""
LOOKS_BACK = timedelta(days=90)
REVISIONS_MAX = 1_000
TOLD_WITHIN = timedelta(minutes=5)
"""How long after a revision its news may take to be promised to everybody who subscribed."""
FAILING_MAX = 20
"""Failing claims whose history is asked for, at most."""
_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Revision:
    """The digest the log states last, with its time, that of the folder, and the door that shows it.

    Attributes:
        stale: claims that nobody has looked at in time.
        wait_s: how long the page may lag behind.
    """

    stated: str
    stated_at: datetime | None
    digest: str
    now: datetime
    page: Served
    stale: tuple[str, ...] = ()
    wait_s: float = SETTLES_S


async def revision(world: World, arguments: Mapping[str, str]) -> Revision:
    """Return the newest revision in the public trust log, and the house's own door."""
    async with world.house.db.transaction(TRUST) as tx:
        found = await trust_log.stated(tx, await store.history(tx, REVISION, limit=1))
    now, page, results = world.house.clock(), await served(world, arguments), await newest(world)
    claims = [each for each in world.operator.claims if not each.withdrawn and each.check != STATED]
    stale = [each.id for each in claims if status_of(each, results.get(each.id), now) is Outcome.STALE]
    digest = world.operator.digest
    if not found:
        return Revision("", None, digest, now, page)
    return Revision(found[0].detail["digest"], found[0].at, digest, now, page, tuple(stale))


async def revision_stated(target: Revision) -> Finding:
    """See that the page names the log's newest revision, that this is the folder, and that no claim is past its end.

    Somebody has to have touched it within a year. Where a claim is stale, so is what the page as a whole says.
    """
    if target.stated != target.digest or target.stated_at is None:
        return failed("revision.unstated", target.digest[:16])
    if target.now - target.stated_at > YEAR:
        return failed("revision.old", target.stated_at.date().isoformat())
    stated_at = target.stated_at

    async def look() -> Finding:
        shown = await _revised(target.page)
        if shown != {(leaf.instant(stated_at), target.stated)}:
            return failed("revision.shown_differs", sorted(at for at, _ in shown))
        return passed({"revised_at": leaf.instant(stated_at), "digest": target.stated[:16]})

    finding = await _settled(look, target.wait_s)
    if finding.outcome is Outcome.PASS and target.stale:
        return Finding(outcome=Outcome.STALE, value=[*target.stale[:8]], reason="claims.stale")
    return finding


async def _revised(page: Served) -> set[tuple[str, str]]:
    """Return the times of the last revision that the page and claims.json name, each with the digest beside it."""
    _, listed = await fetch(page, "/trust/claims.json")
    _, text = await fetch(page, "/trust/")
    told = orjson.loads(listed)
    digest = str(told.get("revision_sha256"))
    return {(str(told.get("revised_at")), digest), (Marks(text.decode(errors="replace")).revised, digest)}


@dataclass(frozen=True, slots=True)
class Listing:
    """Claims ever stated in the log, and the door that shows them; ``wait_s`` as above."""

    stated: frozenset[str]
    page: Served
    wait_s: float = SETTLES_S


async def listing(world: World, arguments: Mapping[str, str]) -> Listing:
    """Return what the log knows: each claim that has a result, or words."""
    async with world.house.db.transaction(TRUST) as tx:
        subjects = set(await store.newest(tx))
    stated = {
        name.removeprefix(leaf.WORDS) for name in subjects if not name.startswith("@") or name.startswith(leaf.WORDS)
    }
    return Listing(frozenset(stated), await served(world, arguments))


async def none_hidden(target: Listing) -> Finding:
    """See that the page shows every claim ever stated, be it as withdrawn, and of those that fail the history."""
    if not target.stated:
        raise CannotVerifyError("nothing.to_look_at")
    return await _settled(lambda: _listed(target), target.wait_s)


async def _listed(target: Listing) -> Finding:
    _, text = await fetch(target.page, "/trust/")
    marks = Marks(text.decode(errors="replace"))
    hidden = sorted(target.stated - marks.found.keys() - marks.withdrawn)
    if hidden:
        return failed("claims.hidden", [*hidden[:8]])
    failing = sorted(name for name, status in marks.found.items() if status == Outcome.FAIL)
    for name in failing[:FAILING_MAX]:
        _, history = await fetch(target.page, f"/trust/history/{name}")
        if not any(row.get("outcome") == Outcome.FAIL for row in orjson.loads(history)):
            return failed("claims.history_hidden", name)
    shown = {"shown": len(marks.found), "withdrawn": len(marks.withdrawn), "failing": len(failing)}
    return passed({"hidden": 0, **shown})


@dataclass(frozen=True, slots=True)
class Tidings:
    """Revisions of what is published, oldest first, each with its entry.

    Attributes:
        told: those of which whoever subscribed is told.
        since: when the first telling that is known of was; None where there was none.
    """

    revisions: tuple[tuple[EntryId, datetime], ...]
    told: frozenset[EntryId]
    since: datetime | None
    now: datetime


async def tidings(world: World, _arguments: Mapping[str, str]) -> Tidings:
    """Return the revisions of the last months by the log, and what is noted of their telling."""
    now = world.house.clock()
    async with world.house.db.transaction(TRUST) as tx:
        found = await trust_log.stated(tx, await store.history(tx, REVISION, limit=REVISIONS_MAX))
        lately = tuple((each.entry, each.at) for each in found if now - each.at < LOOKS_BACK)
        told, since = await news_store.marks(tx, [entry for entry, _ in lately])
    return Tidings(lately, told, since, now)


async def revisions_told(target: Tidings) -> Finding:
    """See that of each revision whoever subscribed was told, within minutes; before the first telling nobody was."""
    if target.since is None:
        raise CannotVerifyError("news.none_told")
    since = target.since - TOLD_WITHIN
    due = [entry for entry, at in target.revisions if at >= since and target.now - at > TOLD_WITHIN]
    untold = [entry for entry in due if entry not in target.told]
    if untold:
        return failed("revision.untold", {"untold": len(untold), "of": len(due)})
    return passed({"revisions": len(target.revisions), "told": len(target.told)})


async def _settled(look: Callable[[], Awaitable[Finding]], wait_s: float) -> Finding:
    """Return what a look comes to, made again while it fails and the page may still show what was true before."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        finding = await look()
        if finding.outcome is not Outcome.FAIL or loop.time() >= deadline:
            return finding
        await asyncio.sleep(_AGAIN_S)
