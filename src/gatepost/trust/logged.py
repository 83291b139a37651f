"""What the public trust log itself says last, read from its end backwards: a table can leave out what it does not like.

Entries are read bundle by bundle from the published files and held against the level-0 tiles. What was read is not read
again; what is kept of it is the newest fact about each subject, the words on incidents, and the hours of the status
page. Whoever compares rows with it reads the log first and the rows after: a row is there before its leaf.
"""

import asyncio
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.ids import LeafIndex
from gatepost.ledger.tiles import WIDTH
from gatepost.record import export, trust_log
from gatepost.record.trust_log import TRUST, Stated
from gatepost.trust import incidents, leaf
from gatepost.trust.uptime import MEASURED, Component, Hour

BUNDLES_MAX = 512
"""How many bundles one look reads at most: ten days of a house at work, in less than a second of its time."""
WHOLE = 2**40
"""More than any log has."""
PLACES_MAX = 200
_AT_ONCE = 4
_WORDS = frozenset({incidents.OPENED, incidents.UPDATED, incidents.MARKED})
_SUBJECTS = {leaf.CHECKED: "", leaf.WITHDRAWN: leaf.GONE, leaf.WORDED: leaf.WORDS}


class Logged:
    """What is known of the end of one house's public trust log.

    ``newest``: the newest fact about a claim, its words, its withdrawal or the folder, by the subject that rows have it
    under.
    ``places``: where the latest facts about each of these subjects stand, ascending. ``words``: everything said of
    incidents, by its place. ``hours``: of each part.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._lock = asyncio.Lock()
        self._low = self._high = self._size = 0
        self.newest: dict[str, Stated] = {}
        self.places: dict[str, list[LeafIndex]] = {}
        self.words: dict[LeafIndex, Stated] = {}
        self.hours: dict[tuple[Component, datetime], Hour] = {}
        self.since: datetime | None = None
        """The time of the oldest fact that was read; None where none was."""

    def covers(self, place: LeafIndex) -> bool:
        """Tell whether all that the log holds from this place on was read."""
        return self._low <= place and self._high == self._size

    async def look(self) -> None:
        """Read what the log has got since the last look; of the first time, its last bundle."""
        async with self._lock:
            with suppress(BlobsUnavailableError):  # what was read before still stands, and the page with it
                await self._forward()

    async def back_to(self, place: LeafIndex, *, most: int = BUNDLES_MAX) -> None:
        """Read back to this place, so many bundles at most."""
        async with self._lock:
            with suppress(BlobsUnavailableError):
                await self._back(max(place // WIDTH, self._low // WIDTH - most))

    async def back_until(self, at: datetime, *, most: int) -> None:
        """Read back to what was stated before then, so many bundles at most."""
        async with self._lock:
            with suppress(BlobsUnavailableError):
                end = max(0, self._low // WIDTH - most)
                while self._low // WIDTH > end and (self.since is None or self.since >= at):
                    before = self._low
                    await self._back(max(end, self._low // WIDTH - _AT_ONCE))
                    if self._low == before:
                        return

    async def at(self, places: Iterable[LeafIndex]) -> list[Stated]:
        """Return the facts in these places, in order; what cannot be read is left out."""
        wanted = frozenset(places)
        with suppress(BlobsUnavailableError):
            found = await self._read(sorted({place // WIDTH for place in wanted}))
            return [fact for _, facts in found for fact in facts if fact is not None and fact.leaf_index in wanted]
        return []

    async def _forward(self) -> None:
        self._size = await export.size(self._blobs, TRUST)
        if self._size < self._high or self._size - self._high > BUNDLES_MAX * WIDTH:
            self._forget()  # another log than before, or much that nobody asked about: begin at the end
        if not self._high and self._size:
            self._low = self._high = (self._size - 1) // WIDTH * WIDTH
        bundles = range(self._high // WIDTH, -(-self._size // WIDTH))
        for some in _cut(bundles):
            for bundle, entries in await self._read(some):
                if bundle != self._high // WIDTH:
                    return  # one is missing: what follows it is not known to be all
                self._take(entries[self._high - bundle * WIDTH :], self._high)
                self._high = bundle * WIDTH + len(entries)

    async def _back(self, end: int) -> None:
        for some in _cut(range(end, self._low // WIDTH)[::-1]):
            for bundle, entries in reversed(await self._read(some)):
                if bundle != self._low // WIDTH - 1:
                    return
                self._take(entries, bundle * WIDTH)
                self._low = bundle * WIDTH

    async def _read(self, bundles: Sequence[int]) -> list[tuple[int, Sequence[Stated | None]]]:
        found = await export.bundles(self._blobs, TRUST, bundles, self._size)
        return await asyncio.to_thread(_stated, found)

    def _take(self, entries: Sequence[Stated | None], first: int) -> None:
        for place, fact in enumerate(entries, first):
            if fact is None:
                continue
            self.since = fact.at if self.since is None else min(self.since, fact.at)
            if fact.action in _WORDS:
                self.words[LeafIndex(place)] = fact
            elif fact.action == MEASURED:
                self.hours |= {(each.component, each.hour): each for each in _hours(fact)}
            elif (subject := _subject(fact)) is not None:
                known = self.newest.get(subject)
                if known is None or known.entry < fact.entry:
                    self.newest[subject] = fact
                places = self.places.setdefault(subject, [])
                insort(places, LeafIndex(place))
                del places[:-PLACES_MAX]

    def _forget(self) -> None:
        self._low = self._high = 0
        self.since = None
        for known in (self.newest, self.places, self.words, self.hours):
            known.clear()


def _cut(bundles: range) -> Iterator[range]:
    for at in range(0, len(bundles), _AT_ONCE):
        yield bundles[at : at + _AT_ONCE]


def _stated(bundles: dict[int, Sequence[bytes]]) -> list[tuple[int, Sequence[Stated | None]]]:
    return [
        (
            bundle,
            [trust_log.of_leaf(octets, LeafIndex(at)) for at, octets in enumerate(bundles[bundle], bundle * WIDTH)],
        )
        for bundle in sorted(bundles)
    ]


def _subject(fact: Stated) -> str | None:
    if fact.action == leaf.REVISED:
        return leaf.REVISION
    prefix = _SUBJECTS.get(fact.action)
    return None if prefix is None else prefix + fact.object_ref


def _hours(fact: Stated) -> Iterator[Hour]:
    """Return the hour that a leaf states, of each part; nothing of one that says it in words of another version."""
    with suppress(KeyError, TypeError, ValueError):
        hour = datetime.fromisoformat(fact.detail["hour"]).astimezone(UTC)
        for name, part in fact.detail["components"].items():
            counts = {each: int(part[each]) for each in ("probes", "up", "p50_ms", "p95_ms")}
            yield Hour(component=Component(name), hour=hour, every_s=int(fact.detail["every_s"]), **counts)
