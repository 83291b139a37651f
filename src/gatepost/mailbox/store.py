"""The mailbox's SQL."""

from typing import Any

from psycopg.types.json import Jsonb

from gatepost.db import Transaction
from gatepost.ids import AccountId, BlobId, EmailId, ThreadId
from gatepost.mail.address import Address
from gatepost.mailbox.paper import Email


def storable(text: str) -> str:
    """Return ``text`` as PostgreSQL can hold it: NUL and lone surrogates become U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


async def insert(tx: Transaction, email: Email) -> None:
    """Store one message; a second time it changes nothing."""
    query = (
        "insert into email (tenant, id, account, thread, blob, size_octets, received_at, author, recipient, reply_to,"
        " subject, body_text, message_id, refs, is_proven, is_automatic, capabilities, verification) values"
        " (%(tenant)s, %(id)s, %(account)s, %(thread)s, %(blob)s, %(size_octets)s, %(received_at)s, %(author)s,"
        " %(recipient)s, %(reply_to)s, %(subject)s, %(text)s, %(message_id)s, %(refs)s, %(is_proven)s,"
        " %(is_automatic)s, %(capabilities)s, %(verification)s) on conflict (tenant, id) do nothing"
    )
    await tx.run(
        query,
        id=email.id,
        account=email.account,
        thread=email.thread,
        blob=email.blob,
        size_octets=email.size_octets,
        received_at=email.received_at,
        author=storable(str(email.author)),
        recipient=storable(str(email.recipient)),
        reply_to=[storable(str(address)) for address in email.reply_to],
        subject=storable(email.subject),
        text=storable(email.text),
        message_id=storable(email.message_id),
        refs=[storable(reference) for reference in email.references],
        is_proven=email.is_proven,
        is_automatic=email.is_automatic,
        capabilities=[storable(capability) for capability in email.capabilities],
        verification=Jsonb(email.verification),
    )


async def insert_body(tx: Transaction, email: EmailId, octets: bytes) -> None:
    """Store one message's octets; a second time it changes nothing."""
    query = (
        "insert into body (tenant, email, octets) values (%(tenant)s, %(email)s, %(octets)b)"
        " on conflict (tenant, email) do nothing"
    )
    await tx.run(query, email=email, octets=octets)


async def body(tx: Transaction, email: EmailId) -> bytes | None:
    """Return one message's octets, or None where they do not lie here."""
    query = "select octets from body where tenant = %(tenant)s and email = %(email)s"
    row = await tx.maybe(query, email=email)
    return None if row is None else bytes(row.octets)


async def by_id(tx: Transaction, account: AccountId, email: EmailId) -> Email | None:
    """Return one message of the account."""
    query = "select * from email where tenant = %(tenant)s and account = %(account)s and id = %(email)s"
    row = await tx.maybe(query, account=account, email=email)
    return None if row is None else _email(row)


async def by_id_alone(tx: Transaction, email: EmailId) -> Email | None:
    """Return one message of the tenant, whichever account it lies in."""
    row = await tx.maybe("select * from email where tenant = %(tenant)s and id = %(email)s", email=email)
    return None if row is None else _email(row)


async def page(tx: Transaction, account: AccountId, *, limit: int, before: EmailId | None) -> list[Email]:
    """Return messages, newest first; none where ``before`` is not one of the account's."""
    query = (
        "select * from email where tenant = %(tenant)s and account = %(account)s and (%(before)s::text is null or seq <"
        " (select seq from email where tenant = %(tenant)s and account = %(account)s and id = %(before)s))"
        " order by seq desc limit %(limit)s"
    )
    return [_email(row) for row in await tx.all(query, account=account, limit=limit, before=before)]


async def by_thread(tx: Transaction, account: AccountId, thread: ThreadId) -> list[Email]:
    """Return the thread's messages, oldest first."""
    query = (
        "select * from email where tenant = %(tenant)s and account = %(account)s and thread = %(thread)s order by seq"
    )
    return [_email(row) for row in await tx.all(query, account=account, thread=thread)]


async def thread_of_any(tx: Transaction, account: AccountId, keys: list[bytes]) -> ThreadId | None:
    """Return the thread of the first of ``keys`` that is known."""
    query = (
        "select thread from unnest(%(keys)s::bytea[]) with ordinality as asked (message_key, place)"
        " join thread_message using (message_key)"
        " where tenant = %(tenant)s and account = %(account)s order by place limit 1"
    )
    row = await tx.maybe(query, account=account, keys=keys)
    return None if row is None else ThreadId(row.thread)


async def insert_thread_keys(tx: Transaction, account: AccountId, thread: ThreadId, keys: list[bytes]) -> None:
    """Remember which thread these Message-IDs belong to; the first to claim one keeps it."""
    query = (
        "insert into thread_message (tenant, account, message_key, thread)"
        " select %(tenant)s, %(account)s, message_key, %(thread)s from unnest(%(keys)s::bytea[]) as k (message_key)"
        " order by message_key on conflict do nothing"  # ordered, so that two writers cannot lock each other out
    )
    await tx.run(query, account=account, thread=thread, keys=keys)


def _email(row: Any) -> Email:
    return Email(
        id=EmailId(row.id),
        account=AccountId(row.account),
        thread=ThreadId(row.thread),
        blob=BlobId(row.blob),
        size_octets=row.size_octets,
        received_at=row.received_at,
        author=_address(row.author),
        recipient=_address(row.recipient),
        reply_to=tuple(_address(text) for text in row.reply_to),
        subject=row.subject,
        text=row.body_text,
        message_id=row.message_id,
        references=tuple(row.refs),
        is_proven=row.is_proven,
        is_automatic=row.is_automatic,
        capabilities=tuple(row.capabilities),
        verification=row.verification,
    )


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")  # it was parsed when it came in; reading it again needs no proof
    return Address(local, domain)
