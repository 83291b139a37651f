"""Tokens set aside, and what is counted against budgets."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Transaction
from gatepost.decide.store import blind_sender
from gatepost.ids import AccountId, EmailId, ReservationId, ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A reservation as it lies; ``sender`` is the author's address key, and a keyed token at rest."""

    id: ReservationId
    account: AccountId
    message: EmailId
    thread: ThreadId
    sender: str
    tokens: int
    at: datetime
    expires_at: datetime


async def lock(tx: Transaction, account: AccountId) -> None:
    """Wait until no other transaction reserves for this account.

    One lock for all its budgets: senders and threads cross, and two locks taken in two orders wait for each other.
    """
    await tx.one(
        "select pg_advisory_xact_lock(hashtextextended("
        " jsonb_build_array('budget', %(tenant)s::text, %(account)s::bigint)::text, 0))",
        account=account,
    )


async def count(
    tx: Transaction, account: AccountId, *, message: EmailId, thread: ThreadId, sender: str, at: datetime
) -> tuple[int, int, int, int]:
    """Return the tokens spent or set aside for the message, the thread, the sender ever, the sender in 86,400 s.

    A statement of its own after ``lock``: it sees what committed while the lock was waited for.
    """
    query = """
        with counted as (
          select email, thread, sender, at, tokens from spent_token
            where tenant = %(tenant)s and account = %(account)s and sender = %(sender)s
          union all
          select email, thread, sender, at, tokens from spent_token
            where tenant = %(tenant)s and account = %(account)s and thread = %(thread)s and sender <> %(sender)s
          union all
          select email, thread, sender, at, tokens from token_reservation
            where tenant = %(tenant)s and account = %(account)s and settled_at is null and expires_at > %(at)s
        )
        select
          coalesce(sum(tokens) filter (where email = %(email)s), 0)::bigint as of_message,
          coalesce(sum(tokens) filter (where thread = %(thread)s), 0)::bigint as of_thread,
          coalesce(sum(tokens) filter (where sender = %(sender)s), 0)::bigint as of_sender,
          coalesce(sum(tokens) filter (
            where sender = %(sender)s and at > %(at)s - interval '86400 seconds'), 0)::bigint as of_day
        from counted
    """
    values = {"email": message, "thread": thread, "sender": blind_sender(tx.vault, sender), "at": at}
    row = await tx.one(query, account=account, **values)
    return row.of_message, row.of_thread, row.of_sender, row.of_day


async def insert(tx: Transaction, row: Row) -> None:
    """Set tokens aside."""
    query = """
        insert into token_reservation (tenant, id, account, email, thread, sender, tokens, at, expires_at)
        values (%(tenant)s, %(id)s, %(account)s, %(email)s, %(thread)s, %(sender)s, %(tokens)s, %(at)s, %(expires_at)s)
    """
    await tx.run(
        query,
        id=row.id,
        account=row.account,
        email=row.message,
        thread=row.thread,
        sender=blind_sender(tx.vault, row.sender),
        tokens=row.tokens,
        at=row.at,
        expires_at=row.expires_at,
    )


async def settle(
    tx: Transaction, reservation: ReservationId, *, used: int, at: datetime, message: EmailId | None
) -> bool:
    """Count what was used where the reservation is not settled yet, in one statement."""
    query = """
        with settled as (
          update token_reservation set settled_at = %(at)s
          where tenant = %(tenant)s and id = %(reservation)s and settled_at is null
            and (%(message)s::text is null or email = %(message)s)
          returning account, sender, thread, email, at
        )
        insert into spent_token (tenant, account, sender, thread, at, tokens, email)
        select %(tenant)s, account, sender, thread, at, %(used)s, email from settled
    """
    return await tx.run(query, reservation=reservation, used=used, at=at, message=message) > 0


async def forget(tx: Transaction, before: datetime) -> None:
    """Forget reservations made before ``before``: they have lapsed or are settled."""
    await tx.run("delete from token_reservation where tenant = %(tenant)s and at < %(before)s", before=before)
