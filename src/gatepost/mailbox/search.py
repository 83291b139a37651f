"""Find an account's mail by its words, newest first.

The index gives messages that have the tokens; messages not indexed yet are read and compared, so that none is missed.
What a token cannot say (words side by side) is compared too. Each call looks at so many messages and no more: where
that was not enough for a full page, the page is short, and its cursor goes on. A cursor is the place of the last
message looked at: whether it is kept still, the next page does not ask.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from gatepost.db import Transaction
from gatepost.ids import AccountId
from gatepost.keys import NUMBER_OCTETS, cursor_of, numbered, place_of, read_numbered, read_timed, timed
from gatepost.mailbox import word_store
from gatepost.mailbox.paper import Email
from gatepost.mailbox.query import Query
from gatepost.mailbox.word_store import BOTTOM, TOP, Candidate, Place

EXAMINED_MAX = 500
AT_ONCE_MAX = 160
"""Candidates that lie open in memory together: each may be a long text."""
BACKLOG_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """A page.

    Attributes:
        emails: newest first.
        after: a cursor, which continues the same search; None at the end.
        unindexed: how many of the account's messages are not indexed yet, counted up to ``BACKLOG_MAX``: they are
            found all the same, only more slowly.
    """

    emails: tuple[Email, ...]
    after: str | None
    unindexed: int


async def search(tx: Transaction, account: AccountId, query: Query, *, limit: int, cursor: str | None = None) -> Found:
    """Return the messages that answer the query, newest first; after those that a page of the same search looked at.

    Raises:
        CursorError: the cursor continues another search, or none.
    """
    of_list = f"search/{account}/{query.asked}"
    below = TOP if cursor is None else _place(place_of(tx.vault, of_list, cursor))
    unindexed = await word_store.backlog(tx, account, BACKLOG_MAX)
    if query.until is not None:
        below = min(below, Place(query.until, 0))
    wanted = word_store.tokens(tx.vault.blinder, account, query.wanted)
    unwanted = word_store.tokens(tx.vault.blinder, account, query.unwanted)
    hits: list[tuple[Place, Email]] = []
    examined = 0
    end: Place | None = below
    while end is not None and len(hits) <= limit and examined < EXAMINED_MAX:
        count = min(worth_asking(limit + 1 - len(hits), len(hits), examined), EXAMINED_MAX - examined)
        candidates = await word_store.candidates(
            tx, account, wanted=wanted, unwanted=unwanted, below=end, since=query.since or BOTTOM, limit=count
        )
        hits += await asyncio.to_thread(_compared, query, candidates)  # a long text takes a while
        examined += len(candidates)
        end = candidates[-1].place if len(candidates) == count else None
    if len(hits) > limit:
        end = hits[limit - 1][0]
    after = None if end is None else cursor_of(tx.vault, of_list, timed(end.at, "") + numbered(end.seq))
    return Found(tuple(email for _, email in hits[:limit]), after, unindexed)


def worth_asking(missing: int, hits: int, examined: int) -> int:
    """Return for how many candidates to ask next: a few more than are needed if as many are hits as were so far.

    Each time costs a round trip and a walk; a candidate too many, a fraction of that.
    """
    if not examined:
        return missing
    return min(missing * (examined + 1) * 5 // ((hits + 1) * 4) + 1, max(AT_ONCE_MAX, missing))


def _compared(query: Query, candidates: Sequence[Candidate]) -> list[tuple[Place, Email]]:
    return [(one.place, email) for one in candidates if (email := one.hit(query)) is not None]


def _place(octets: bytes) -> Place:
    at, seq = octets[:-NUMBER_OCTETS], octets[-NUMBER_OCTETS:]
    return Place(read_timed(at)[0], read_numbered(seq))
