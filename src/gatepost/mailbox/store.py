"""The mailbox's SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from gatepost.db import Transaction
from gatepost.ids import AccountId, BlobId, EmailId, ThreadId
from gatepost.mail.address import Address
from gatepost.mailbox.paper import Email
from gatepost.mailbox.threads import keys_of


def storable(text: str) -> str:
    """Return ``text`` as PostgreSQL can hold it: NUL and lone surrogates become U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


async def insert(tx: Transaction, emails: Sequence[Email]) -> None:
    """Store messages in the order given, and which threads their Message-IDs belong to; one statement.

    A message stored a second time changes nothing; the first to claim a Message-ID keeps it.
    """
    query = """
        with incoming as materialized (
          select * from jsonb_to_recordset(%(rows)s) as given (
            place int, id text, account bigint, thread text, blob text, size_octets bigint, received_at timestamptz,
            author text, recipient text, reply_to text[], subject text, body_text text, message_id text, refs text[],
            is_proven boolean, is_automatic boolean, capabilities text[], verification jsonb, keys text[])
        ), claims as (
          select distinct on (account, message_key) account, decode(message_key, 'hex') as message_key, thread
          from incoming cross join lateral unnest(keys) as key (message_key)
          order by account, message_key, place  -- ordered, so that two writers cannot lock each other out
        ), claimed as (
          insert into thread_message (tenant, account, message_key, thread)
          select %(tenant)s, account, message_key, thread from claims on conflict do nothing
        )
        insert into email (tenant, id, account, thread, blob, size_octets, received_at, author, recipient, reply_to,
          subject, body_text, message_id, refs, is_proven, is_automatic, capabilities, verification)
        select %(tenant)s, id, account, thread, blob, size_octets, received_at, author, recipient, reply_to,
          subject, body_text, message_id, refs, is_proven, is_automatic, capabilities, verification
        from incoming order by place
        on conflict (tenant, id) do nothing
    """
    await tx.run(query, rows=Jsonb([_row(place, email) for place, email in enumerate(emails)], dumps=orjson.dumps))


def _row(place: int, email: Email) -> dict[str, Any]:
    return {
        "place": place,
        "id": email.id,
        "account": email.account,
        "thread": email.thread,
        "blob": email.blob,
        "size_octets": email.size_octets,
        "received_at": email.received_at,
        "author": storable(str(email.author)),
        "recipient": storable(str(email.recipient)),
        "reply_to": [storable(str(address)) for address in email.reply_to],
        "subject": storable(email.subject),
        "body_text": storable(email.text),
        "message_id": storable(email.message_id),
        "refs": [storable(reference) for reference in email.references],
        "is_proven": email.is_proven,
        "is_automatic": email.is_automatic,
        "capabilities": [storable(capability) for capability in email.capabilities],
        "verification": email.verification,
        "keys": [key.hex() for key in keys_of(email.message_id, email.references)],
    }


async def insert_bodies(tx: Transaction, bodies: Mapping[EmailId, bytes]) -> None:
    """Store messages' octets; a second time it changes nothing."""
    query = """
        insert into body (tenant, email, octets)
        select %(tenant)s, email, octets from unnest(%(emails)s::text[], %(octets)b::bytea[]) as given (email, octets)
        on conflict (tenant, email) do nothing
    """
    await tx.run(query, emails=list(bodies), octets=list(bodies.values()))


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


async def threads_of(tx: Transaction, asked: Sequence[tuple[AccountId, Sequence[bytes]]]) -> dict[int, ThreadId]:
    """Return, for each place in ``asked`` where there is one, the thread of the first of its keys that is known.

    ``limit`` keeps each key a look-up of its own: as a join, it is planned as a walk through all the tenant's ids.
    """
    query = """
        select distinct on (asked.place) asked.place, thread
        from unnest(%(places)s::int[], %(accounts)s::bigint[], %(keys)b::bytea[])
          with ordinality as asked (place, account, message_key, nearness)
        cross join lateral (
          select thread from thread_message as known where known.tenant = %(tenant)s
            and known.account = asked.account and known.message_key = asked.message_key limit 1
        ) as known
        order by asked.place, asked.nearness
    """
    flat = [(place, account, key) for place, (account, keys) in enumerate(asked) for key in keys]
    if not flat:
        return {}
    places, accounts, keys = (list(column) for column in zip(*flat, strict=True))
    rows = await tx.all(query, places=places, accounts=accounts, keys=keys)
    return {row.place: ThreadId(row.thread) for row in rows}


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
