"""Find an account's mail by its words, newest first.

The index gives messages that have the tokens; messages not indexed yet are read and compared, so that none is missed.
What a token cannot say (words side by side) is compared too. Each call looks at so many messages and no more: where
that was not enough for a full page, the page is short, and its cursor goes on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId
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
        after: pass it on to continue; None at the end.
        unindexed: how many of the account's messages are not indexed yet, counted up to ``BACKLOG_MAX``: they are
            found all the same, only more slowly.
    """

    emails: tuple[Email, ...]
    after: EmailId | None
    unindexed: int


async def search(
    tx: Transaction, account: AccountId, query: Query, *, limit: int, after: EmailId | None = None
) -> Found:
    """Return the messages that answer the query, older than ``after``; none where it is not one of the account's."""
    below = TOP if after is None else await word_store.place_of(tx, account, after)
    unindexed = await word_store.backlog(tx, account, BACKLOG_MAX)
    if below is None:
        return Found((), None, unindexed)
    if query.until is not None:
        below = min(below, Place(query.until, 0))
    wanted = word_store.tokens(tx.vault.blinder, account, query.wanted)
    unwanted = word_store.tokens(tx.vault.blinder, account, query.unwanted)
    hits: list[Email] = []
    examined = 0
    while True:
        count = min(worth_asking(limit + 1 - len(hits), len(hits), examined), EXAMINED_MAX - examined)
        candidates = await word_store.candidates(
            tx, account, wanted=wanted, unwanted=unwanted, below=below, since=query.since or BOTTOM, limit=count
        )
        hits += await asyncio.to_thread(_compared, query, candidates)  # a long text takes a while
        examined += len(candidates)
        if len(hits) > limit:
            return Found(tuple(hits[:limit]), hits[limit - 1].id, unindexed)
        if len(candidates) < count:
            return Found(tuple(hits), None, unindexed)
        if examined >= EXAMINED_MAX:
            return Found(tuple(hits), candidates[-1].id, unindexed)
        below = candidates[-1].place


def worth_asking(missing: int, hits: int, examined: int) -> int:
    """Return for how many candidates to ask next: a few more than are needed if as many are hits as were so far.

    Each time costs a round trip and a walk; a candidate too many, a fraction of that.
    """
    if not examined:
        return missing
    return min(missing * (examined + 1) * 5 // ((hits + 1) * 4) + 1, max(AT_ONCE_MAX, missing))


def _compared(query: Query, candidates: Sequence[Candidate]) -> list[Email]:
    return [email for one in candidates if (email := one.hit(query)) is not None]
