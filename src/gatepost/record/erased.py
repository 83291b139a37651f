"""What the log itself says was removed: pure. An opening that is missing and stands in none of this was lost or stolen.

The detail of an entry of kind ``erasure`` names a ``rule`` and, with it, which entries have lost their openings:

- ``person``: ``entries``, ranges of leaf indexes, both ends included;
- ``plan``: all below the leaf index ``through``;
- ``policy``: those below ``through`` whose ``account`` is one of ``accounts``;
- ``keys``: none of its own; ``months`` names the epochs whose keys are destroyed.

An opening that lies there and opens no more is another matter: only ``person`` and ``keys`` destroy keys.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any

from gatepost.ids import EntryId
from gatepost.record.entry import Leaf
from gatepost.record.paper import Json

RANGES_MAX = 64
"""Ranges in one entry: more would not fit beside the rest of a leaf."""


class Rule(StrEnum):
    """Why something was removed."""

    PERSON = "person"
    PLAN = "plan"
    POLICY = "policy"
    KEYS = "keys"


class Erased:
    """Which entries of one tenant's log need no opening."""

    def __init__(self, leaves: Iterable[Leaf], accepted: Iterable[tuple[str, EntryId]] = ()) -> None:
        """Take the leaves of removals, and when older key stores were accepted, by which entries."""
        self._accepted = sorted(accepted)
        self._through = 0
        self._by_account: dict[int, int] = {}
        self._indexes: set[int] = set()
        self._months: set[str] = set()
        for leaf in leaves:
            with suppress(KeyError, TypeError, ValueError):  # one that was changed excuses nothing, and is named
                self._read(leaf.get("detail") or {})

    def _read(self, detail: dict[str, Any]) -> None:
        match detail.get("rule"):
            case Rule.PLAN:
                self._through = max(self._through, detail["through"])
            case Rule.POLICY:
                for account in detail["accounts"]:
                    self._by_account[account] = max(self._by_account.get(account, 0), detail["through"])
            case Rule.PERSON:
                for first, last in detail["entries"]:
                    self._indexes.update(range(first, last + 1))
            case Rule.KEYS:
                self._months.update(detail["months"])
            case _:
                pass

    def covers(self, index: int, account: int | None) -> bool:
        """Tell whether the log says that the entry at ``index``, which is about ``account``, lost its opening."""
        below = self._through if account is None else max(self._through, self._by_account.get(account, 0))
        return index < below or index in self._indexes

    def shuts(self, index: int, written: str) -> bool:
        """Tell whether the log says that a key of that entry's opening is destroyed; ``written`` is its leaf's time."""
        return index in self._indexes or written[: len("2026-01")] in self._months

    def accepted_after(self, written: str) -> EntryId | None:
        """Return the first entry that accepted an older key store after something was written; it may have lost it."""
        return next((entry for at, entry in self._accepted if at >= written), None)


def ranges(indexes: Iterable[int]) -> list[list[int]]:
    """Return indexes, ascending, as ranges with both ends included."""
    found: list[list[int]] = []
    for index in indexes:
        if found and index == found[-1][1] + 1:
            found[-1][1] = index
        else:
            found.append([index, index])
    return found


def parts(indexes: Sequence[int]) -> list[list[Json]]:
    """Return the ranges of indexes, cut into what one entry can say; one empty part where there are none."""
    every: list[Json] = [[first, last] for first, last in ranges(indexes)]
    return [every[start : start + RANGES_MAX] for start in range(0, len(every), RANGES_MAX)] or [[]]
