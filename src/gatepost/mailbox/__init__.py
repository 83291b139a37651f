"""Messages at rest: accounts' mail, threads, changes between two states. Knows no IMAP."""

from collections.abc import Sequence

from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId, ThreadId
from gatepost.keys import cut, numbered, place_of, read_numbered
from gatepost.mailbox import store
from gatepost.mailbox.body import BodyDamagedError, BodyMissingError, in_custody, is_small, keep_bodies, read_body
from gatepost.mailbox.indexer import Indexer
from gatepost.mailbox.paper import Body, Email, Page
from gatepost.mailbox.query import Query, QueryError
from gatepost.mailbox.query import parse as parse_query
from gatepost.mailbox.search import Found, search
from gatepost.mailbox.snippet import Marks, Piece, marked, snippet
from gatepost.mailbox.sweep import GRACE, sweep_bodies
from gatepost.mailbox.threads import Newcomer, keys_of, new_thread

__all__ = [
    "GRACE",
    "Body",
    "BodyDamagedError",
    "BodyMissingError",
    "Email",
    "Found",
    "Indexer",
    "Marks",
    "Newcomer",
    "OvertakenError",
    "Page",
    "Piece",
    "Query",
    "QueryError",
    "find",
    "follow",
    "forget_body",
    "get",
    "in_custody",
    "is_small",
    "keep_all",
    "keep_bodies",
    "latest",
    "marked",
    "page",
    "parse_query",
    "read_body",
    "search",
    "snippet",
    "sweep_bodies",
    "thread",
    "threads_for",
]


class OvertakenError(Exception):
    """A thread was looked up, and is another one by now. A new transaction sees what it is."""


async def keep_all(tx: Transaction, emails: Sequence[Email]) -> None:
    """Store messages in their accounts, in the order given. Keeping one again does nothing.

    Raises:
        OvertakenError: meanwhile another transaction began, or joined, a conversation that one of them belongs to.
    """
    if emails and not await store.insert(tx, emails):
        raise OvertakenError


async def follow(tx: Transaction, account: AccountId, *, message_id: str, thread_id: ThreadId) -> None:
    """Let what answers ``message_id``, a message this account sends, come back into its thread."""
    await store.insert_thread_keys(tx, account, thread_id, keys_of(message_id, ()))


async def get(tx: Transaction, account: AccountId, email: EmailId) -> Email | None:
    """Return one message of the account, or None."""
    return await store.by_id(tx, account, email)


async def forget_body(tx: Transaction, email: EmailId) -> None:
    """Keep a message's octets no longer, where they lie in the database; ``sweep_bodies`` takes large ones away.

    A legal hold keeps both.
    """
    await store.delete_body(tx, email)


async def find(tx: Transaction, email: EmailId) -> Email | None:
    """Return one message of the tenant, or None: for the house's own work, never for a door."""
    return await store.by_id_alone(tx, email)


async def latest(tx: Transaction, *, limit: int) -> list[EmailId]:
    """Return the tenant's newest messages, newest first: for the house's own work, never for a door."""
    return await store.latest(tx, limit)


async def page(
    tx: Transaction,
    account: AccountId,
    *,
    limit: int,
    cursor: str | None = None,
    is_proven: bool | None = None,
    is_automatic: bool | None = None,
) -> Page:
    """Return messages, newest first; after those that a page of the same list ended with, whether they are kept or not.

    Raises:
        CursorError: the cursor continues another list, or none.
    """
    of_list = f"mail/{account}/{is_proven}/{is_automatic}"
    below = None if cursor is None else read_numbered(place_of(tx.vault, of_list, cursor))
    found = await store.page(tx, account, limit=limit + 1, below=below, is_proven=is_proven, is_automatic=is_automatic)
    return _page(tx, of_list, found, limit)


async def thread(
    tx: Transaction, account: AccountId, thread_id: ThreadId, *, limit: int, cursor: str | None = None
) -> Page:
    """Return messages of the thread, oldest first; after those that a page of it ended with. None where there is none.

    Raises:
        CursorError: the cursor continues another list, or none.
    """
    of_list = f"thread/{account}/{thread_id}"
    above = 0 if cursor is None else read_numbered(place_of(tx.vault, of_list, cursor))
    found = await store.by_thread(tx, account, thread_id, limit=limit + 1, above=above)
    return _page(tx, of_list, found, limit)


def _page(tx: Transaction, of_list: str, found: Sequence[tuple[int, Email]], limit: int) -> Page:
    """Return so many of the messages found; one more than those tells that there is a next page."""
    shown, after = cut(tx.vault, of_list, found, limit, lambda one: numbered(one[0]))
    return Page([email for _, email in shown], after)


async def threads_for(tx: Transaction, newcomers: Sequence[Newcomer]) -> list[ThreadId]:
    """Return the thread each belongs to: that of a message it refers to, or a new one named after it.

    It only reads; ``keep_all`` makes a thread known. None of the newcomers knows of the others.

    deviation: RFC 8621 section 3 advises comparing subjects as well; agents rewrite subjects, and the Message-IDs of a
    kept message came past the policy, so a shared id is enough.
    """
    known = await store.threads_of(tx, [(one.account, keys_of(one.message_id, one.references)) for one in newcomers])
    return [known.get(place) or new_thread(one.email) for place, one in enumerate(newcomers)]
