"""Messages at rest: accounts' mail, threads, changes between two states. Knows no IMAP."""

from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId, ThreadId
from gatepost.mailbox.paper import Email

__all__ = ["Email", "get", "keep", "page", "thread", "thread_for"]


async def keep(tx: Transaction, email: Email) -> None:
    """Store one message in its account."""
    raise NotImplementedError


async def get(tx: Transaction, account: AccountId, email: EmailId) -> Email | None:
    """Return one message of the account, or None."""
    raise NotImplementedError


async def page(tx: Transaction, account: AccountId, *, limit: int, before: EmailId | None) -> list[Email]:
    """Return messages, newest first, older than ``before``."""
    raise NotImplementedError


async def thread(tx: Transaction, account: AccountId, thread_id: ThreadId) -> list[Email]:
    """Return the thread's messages, oldest first; empty where there is none."""
    raise NotImplementedError


async def thread_for(
    tx: Transaction, account: AccountId, *, email: EmailId, message_id: str, references: tuple[str, ...]
) -> ThreadId:
    """Return the thread a message belongs to: that of a message it refers to, or a new one named after ``email``."""
    raise NotImplementedError
