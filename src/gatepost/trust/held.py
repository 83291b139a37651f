"""Whether a row says what the published log holds in its place: who can write to the tables must not be believed alone.

Each row's leaf hash (RFC 6962 section 2.1) is compared with the one in the level-0 tile of its place (C2SP tlog-tiles).
A row that was compared is not compared again, as long as neither its octets nor its place have changed.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.ids import EntryId, LeafIndex
from gatepost.record import export
from gatepost.record.trust_log import TRUST, Stated
from gatepost.trust.logged import Logged

DIFFERS, UNPROVEN, MISSING = "leaf.differs", "leaf.unproven", "leaf.missing"
"""The log holds something else in its place; or nothing that could be compared: no place, no tile; or a newer fact
than any row."""
SETTLES = timedelta(minutes=2)
"""How long a fact may wait for its place; the sequencer gives it within a second or two."""
_KEPT_MAX = 20_000

_Place = tuple[LeafIndex, bytes]


class Held:
    """What was compared already, of one house's public trust log; ``logged``: what that says last."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.logged = Logged(blobs)
        self._known: set[_Place] = set()

    async def faults(self, facts: Iterable[Stated], now: datetime) -> dict[EntryId, str]:
        """Return of each fact that is not to be believed why."""
        found: dict[EntryId, str] = {}
        fresh: list[Stated] = []
        for each in facts:
            if each.leaf_index is None:
                if abs(now - each.at) > SETTLES:
                    found[each.entry] = UNPROVEN
            elif (each.leaf_index, each.leaf_hash) not in self._known:
                fresh.append(each)
        return found | (await self._compare(fresh, now) if fresh else {})

    async def _compare(self, facts: Sequence[Stated], now: datetime) -> dict[EntryId, str]:
        places = {each.leaf_index for each in facts if each.leaf_index is not None}
        held: dict[LeafIndex, bytes] = {}
        with suppress(BlobsUnavailableError):  # what was compared before still stands, and the page with it
            held = await export.leaf_hashes(self._blobs, TRUST, places)
        if len(self._known) + len(places) > _KEPT_MAX:
            self._known.clear()
        found: dict[EntryId, str] = {}
        for each in facts:
            if each.leaf_index is None:
                continue
            hash_ = held.get(each.leaf_index)
            if hash_ == each.leaf_hash:
                self._known.add((each.leaf_index, each.leaf_hash))
            elif hash_ is not None:
                found[each.entry] = DIFFERS
            elif abs(now - each.at) > SETTLES:  # it has its place, and the head that covers it is being signed
                found[each.entry] = UNPROVEN
        return found
