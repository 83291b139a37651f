"""The SQL of forgetting messages, for the keeper's role alone; only in a transaction that says so in the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Transaction
from gatepost.db.column import bigints, octets, texts
from gatepost.ids import EmailId
from gatepost.keys import KeyringError
from gatepost.mailbox import store
from gatepost.mailbox.threads import keys_of


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows went."""

    messages: int = 0
    bodies: int = 0
    indexed: int = 0

    def __add__(self, other: "Forgotten") -> "Forgotten":
        """Return both together."""
        return Forgotten(self.messages + other.messages, self.bodies + other.bodies, self.indexed + other.indexed)


async def emails_of(tx: Transaction, keys: Sequence[bytes]) -> list[EmailId]:
    """Return the messages sealed under these persons' keys, wherever they lie in the house; it walks through all."""
    query = """
        select id from email where tenant = %(tenant)s and substring(sealed from 10 for 8) = any(%(keys)s)
        union
        select email from body where tenant = %(tenant)s and substring(sealed from 10 for 8) = any(%(keys)s)
    """
    return [EmailId(row.id) for row in await tx.all(query, keys=octets(keys))]


async def subjects_of(tx: Transaction, emails: Sequence[EmailId]) -> dict[EmailId, bytes]:
    """Return the id of the person's key each message is sealed under, as it stands in its seal."""
    query = """
        select id, substring(sealed from 10 for 8) as subject from email
        where tenant = %(tenant)s and id = any(%(emails)s)
    """
    return {EmailId(row.id): bytes(row.subject) for row in await tx.all(query, emails=texts(emails))}


async def present(tx: Transaction, emails: Sequence[EmailId]) -> set[EmailId]:
    """Return those that are in a mailbox."""
    query = "select id from email where tenant = %(tenant)s and id = any(%(emails)s)"
    return {EmailId(row.id) for row in await tx.all(query, emails=texts(emails))}


async def months_within(tx: Transaction, since: datetime, until: datetime) -> set[str]:
    """Return the months, ``YYYY-MM`` in UTC, of which mail received from ``since`` on and before ``until`` is there.

    It walks once through all the tenant's mail. An index by time would cost each message; this is asked once a month.
    """
    query = """
        select distinct to_char(received_at at time zone 'UTC', 'YYYY-MM') as month from email
        where tenant = %(tenant)s and received_at >= %(since)s and received_at < %(until)s
    """
    return {str(row.month) for row in await tx.all(query, since=since, until=until)}


async def without_inline_body(tx: Transaction, emails: Sequence[EmailId]) -> list[EmailId]:
    """Return those whose octets, if there are any, lie in the object store."""
    query = """
        select asked.email from unnest(%(emails)s) as asked (email)
        where not exists (select from body where tenant = %(tenant)s and body.email = asked.email)
    """
    return [EmailId(row.email) for row in await tx.all(query, emails=texts(emails))]


async def forget(tx: Transaction, emails: Sequence[EmailId]) -> Forgotten:
    """Remove messages, their octets, their words, and what their Message-IDs are found by.

    Of a thread that ends with them also what its messages referred to.
    """
    rows = await tx.all("select * from email where tenant = %(tenant)s and id = any(%(emails)s)", emails=texts(emails))
    claimed = [(row.account, key) for row in rows for key in _message_keys(tx, row)]
    words = 0
    for row in rows:
        place = {"account": row.account, "at": row.received_at, "seq": row.seq}
        words += await tx.run(
            "delete from email_words where tenant = %(tenant)s and account = %(account)s and at = %(at)s"
            " and seq = %(seq)s",
            **place,
        )
        await tx.run(
            "delete from unindexed where tenant = %(tenant)s and account = %(account)s and at = %(at)s"
            " and seq = %(seq)s",
            **place,
        )
    for account, key in claimed:
        await tx.run(
            "delete from thread_message where tenant = %(tenant)s and account = %(account)s and message_key = %(key)s",
            account=account,
            key=key,
        )
    messages = await tx.run(
        "delete from email where tenant = %(tenant)s and id = any(%(emails)s)", emails=texts(emails)
    )
    if messages:
        await _forget_threads(tx, sorted({(row.account, row.thread) for row in rows}))
    bodies = await tx.run(
        "delete from body where tenant = %(tenant)s and email = any(%(emails)s)", emails=texts(emails)
    )
    return Forgotten(messages, bodies, words)


async def _forget_threads(tx: Transaction, threads: Sequence[tuple[int, str]]) -> None:
    """Remove all Message-IDs of those threads that have no message left; it walks through all the tenant's ids."""
    query = """
        delete from thread_message as known using (
          select account, thread from unnest(%(accounts)s, %(threads)s) as given (account, thread)
          where not exists (
            select from email where email.tenant = %(tenant)s and email.account = given.account
              and email.thread = given.thread)) as ended
        where known.tenant = %(tenant)s and known.account = ended.account and known.thread = ended.thread
    """
    accounts, names = zip(*threads, strict=True)
    await tx.run(query, accounts=bigints(list(accounts)), threads=texts(list(names)))


def _message_keys(tx: Transaction, row: object) -> list[bytes]:
    """Return what a message's own Message-ID is found by; nothing where nobody can read it any more."""
    try:
        email = store.email_of(tx.vault, row)
    except KeyringError:
        return []
    return [tx.vault.blind("message", key) for key in keys_of(email.message_id, ())]
