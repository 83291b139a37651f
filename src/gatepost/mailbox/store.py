"""The mailbox's SQL."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import structlog

from gatepost.db import Transaction
from gatepost.db.column import bigints, booleans, octets, texts, times
from gatepost.ids import AccountId, BlobId, EmailId, ThreadId
from gatepost.keys import ErasedError, SealBrokenError, Vault
from gatepost.mail import reading
from gatepost.mail.address import ERASED, UNREADABLE, Address
from gatepost.mail.reading import Reading
from gatepost.mailbox.paper import Body, Email, Texts, body_place
from gatepost.mailbox.threads import keys_of

_ERASED: dict[str, Any] = {
    "blob": "",
    "author": str(ERASED),
    "recipient": str(ERASED),
    "reply_to": [],
    "subject": "",
    "reading": reading.to_json(reading.of_text("")),
    "from_shown": "",
    "to_shown": "",
    "message_id": "",
    "references": [],
    "capabilities": [],
    "verification": {},
}
"""What is left of a message once a key it was sealed under is destroyed."""

_UNREADABLE: dict[str, Any] = {**_ERASED, "author": str(UNREADABLE), "recipient": str(UNREADABLE)}
"""What a list shows of a message whose row is damaged."""

log = structlog.get_logger()


def storable(text: str) -> str:
    """Return ``text`` as PostgreSQL can hold it: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


_TOP = 2**63 - 1


async def insert(tx: Transaction, emails: Sequence[Email]) -> bool:
    """Store messages in the order given, and which threads their Message-IDs belong to; one statement.

    A message stored a second time changes nothing; the first to claim a Message-ID keeps it. Return False where
    another transaction has claimed one since the messages' threads were looked up, so that they are the wrong ones.
    """
    query = """
        with claim as materialized (
          select place, account, message_key, thread, nearness
          from unnest(%(places)s, %(claimants)s, %(keys)s, %(claimed)s)
            with ordinality as given (place, account, message_key, thread, nearness)
        ), known as materialized (
          select claim.place, nearness, claim.thread = known.thread as is_same
          from claim cross join lateral (
            select thread from thread_message as known where known.tenant = %(tenant)s
              and known.account = claim.account and known.message_key = claim.message_key limit 1) as known
        ), made as (
          insert into thread_message (tenant, account, message_key, thread)
          select %(tenant)s, account, message_key, thread from claim
          order by account, message_key  -- so that two writers cannot lock each other out
          on conflict do nothing returning 1
        ), kept as (
          insert into email (tenant, id, account, thread, size_octets, received_at, is_proven, is_automatic, sealed)
          select %(tenant)s, id, account, thread, size_octets, received_at, is_proven, is_automatic, sealed
          from unnest(%(ids)s, %(accounts)s, %(threads)s, %(sizes)s, %(times)s, %(proven)s, %(automatic)s, %(sealed)s)
            with ordinality as given (
              id, account, thread, size_octets, received_at, is_proven, is_automatic, sealed, place)
          order by place
          on conflict (tenant, id) do nothing
          returning account, received_at, seq, id
        ), queued as (
          insert into unindexed (tenant, account, at, seq, email)
          select %(tenant)s, account, received_at, seq, id from kept
        )
        select (select count(*) from claim) = (select count(*) from made)  -- then `known` is never looked at
          or (select count(*) from claim) = (select count(*) from known) + (select count(*) from made)
          and not exists (
            select from (select distinct on (place) is_same from known order by place, nearness) as nearest
            where not is_same) as is_timely
    """
    vault = tx.vault
    claims: dict[tuple[AccountId, bytes], tuple[int, ThreadId]] = {}
    for place, email in enumerate(emails):
        for key in _blind_keys(vault, keys_of(email.message_id, email.references)):
            claims.setdefault((email.account, key), (place, email.thread))
    row = await tx.one(
        query,
        places=bigints([place for place, _ in claims.values()]),
        claimants=bigints([account for account, _ in claims]),
        keys=octets([key for _, key in claims]),
        claimed=texts([thread for _, thread in claims.values()]),
        ids=texts([email.id for email in emails]),
        accounts=bigints([email.account for email in emails]),
        threads=texts([email.thread for email in emails]),
        sizes=bigints([email.size_octets for email in emails]),
        times=times([email.received_at for email in emails]),
        proven=booleans([email.is_proven for email in emails]),
        automatic=booleans([email.is_automatic for email in emails]),
        sealed=octets([sealed(vault, email) for email in emails]),
    )
    return bool(row.is_timely)


def sealed(vault: Vault, email: Email) -> bytes:
    """Return what a stolen copy must not tell: who wrote what to whom."""
    content = {
        "blob": email.blob,  # a hash of what may be guessed tells it as well
        "author": storable(str(email.author)),
        "recipient": storable(str(email.recipient)),
        "reply_to": [storable(str(address)) for address in email.reply_to],
        "subject": storable(email.subject),
        "reading": reading.to_json(email.reading),
        "from_shown": storable(email.from_shown),
        "to_shown": storable(email.to_shown),
        "message_id": storable(email.message_id),
        "references": [storable(reference) for reference in email.references],
        "capabilities": [storable(capability) for capability in email.capabilities],
        "labels": [storable(label) for label in email.labels],
        "verification": email.verification,
    }
    return vault.seal(f"email/{email.id}", _written(content), at=email.received_at, subject=email.author.key)


def _written(content: dict[str, Any]) -> bytes:
    """Return JSON; a lone surrogate, which no JSON may hold, becomes U+FFFD wherever it stands."""
    try:
        return orjson.dumps(content)
    except TypeError:
        return orjson.dumps(_mended(content))


def _mended(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list():
            return [_mended(one) for one in value]
        case dict():
            return {name: _mended(one) for name, one in value.items()}
        case _:
            return value


def _blind_keys(vault: Vault, keys: Iterable[bytes]) -> list[bytes]:
    return [vault.blind("message", key) for key in keys]


def insert_bodies(tx: Transaction, bodies: Sequence[tuple[Body, bytes]]) -> None:
    """Store messages' octets with the commit; a second time it changes nothing."""
    query = """
        insert into body (tenant, email, sealed)
        select %(tenant)s, email, sealed from unnest(%(emails)s, %(sealed)s) as given (email, sealed)
        on conflict (tenant, email) do nothing
    """
    sealed = [tx.vault.seal(body.place, raw, at=body.received_at, subject=body.subject) for body, raw in bodies]
    tx.send(query, emails=texts([body.email for body, _ in bodies]), sealed=octets(sealed))


async def body(tx: Transaction, email: EmailId) -> bytes | None:
    """Return one message's octets, or None where they do not lie here.

    Raises:
        ErasedError: nobody can read them any more.
    """
    query = "select sealed from body where tenant = %(tenant)s and email = %(email)s"
    row = await tx.maybe(query, email=email)
    return None if row is None else tx.vault.open(body_place(email), bytes(row.sealed))


async def delete_body(tx: Transaction, email: EmailId) -> None:
    """Remove one message's octets, but none while a legal hold of the tenant is in force: then they go by the plan."""
    query = """
        delete from body where tenant = %(tenant)s and email = %(email)s
          and not exists (select from legal_hold where tenant = %(tenant)s and released_at is null)
    """
    await tx.run(query, email=email)


async def by_id(tx: Transaction, account: AccountId, email: EmailId) -> Email | None:
    """Return one message of the account."""
    query = "select * from email where tenant = %(tenant)s and account = %(account)s and id = %(email)s"
    row = await tx.maybe(query, account=account, email=email)
    return None if row is None else email_of(tx.vault, row)


async def by_id_alone(tx: Transaction, email: EmailId) -> Email | None:
    """Return one message of the tenant, whichever account it lies in."""
    row = await tx.maybe("select * from email where tenant = %(tenant)s and id = %(email)s", email=email)
    return None if row is None else email_of(tx.vault, row)


async def latest(tx: Transaction, limit: int) -> list[EmailId]:
    """Return the tenant's newest messages, newest first."""
    query = "select id from email where tenant = %(tenant)s order by seq desc limit %(limit)s"
    return [EmailId(row.id) for row in await tx.all(query, limit=limit)]


async def page(
    tx: Transaction,
    account: AccountId,
    *,
    limit: int,
    below: int | None,
    is_proven: bool | None,
    is_automatic: bool | None,
) -> list[tuple[int, Email]]:
    """Return messages with their numbers in the order of arrival, newest first, below a number."""
    query = """
        select * from email where tenant = %(tenant)s and account = %(account)s and seq < %(below)s
          and (%(is_proven)s::boolean is null or is_proven = %(is_proven)s)
          and (%(is_automatic)s::boolean is null or is_automatic = %(is_automatic)s)
        order by seq desc limit %(limit)s
    """
    below = _TOP if below is None else below
    rows = await tx.all(
        query, account=account, limit=limit, below=below, is_proven=is_proven, is_automatic=is_automatic
    )
    return [(row.seq, _listed(tx.vault, row)) for row in rows]


async def by_thread(
    tx: Transaction, account: AccountId, thread: ThreadId, *, limit: int, above: int
) -> list[tuple[int, Email]]:
    """Return the thread's messages with their numbers in the order of arrival, oldest first, above a number."""
    query = """
        select * from email where tenant = %(tenant)s and account = %(account)s and thread = %(thread)s
          and seq > %(above)s
        order by seq limit %(limit)s
    """
    rows = await tx.all(query, account=account, thread=thread, limit=limit, above=above)
    return [(row.seq, _listed(tx.vault, row)) for row in rows]


async def threads_of(tx: Transaction, asked: Sequence[tuple[AccountId, Sequence[bytes]]]) -> dict[int, ThreadId]:
    """Return, for each place in ``asked`` where there is one, the thread of the first of its keys that is known.

    ``limit`` keeps each key a look-up of its own: as a join, it is planned as a walk through all the tenant's ids.
    """
    query = """
        select distinct on (asked.place) asked.place, thread
        from unnest(%(places)s, %(accounts)s, %(keys)s)
          with ordinality as asked (place, account, message_key, nearness)
        cross join lateral (
          select thread from thread_message as known where known.tenant = %(tenant)s
            and known.account = asked.account and known.message_key = asked.message_key limit 1
        ) as known
        order by asked.place, asked.nearness
    """
    flat = [(place, account, key) for place, (account, keys) in enumerate(asked) for key in _blind_keys(tx.vault, keys)]
    if not flat:
        return {}
    places, accounts, keys = (list(column) for column in zip(*flat, strict=True))
    rows = await tx.all(query, places=bigints(places), accounts=bigints(accounts), keys=octets(keys))
    return {row.place: ThreadId(row.thread) for row in rows}


async def insert_thread_keys(tx: Transaction, account: AccountId, thread: ThreadId, keys: list[bytes]) -> None:
    """Remember which thread these Message-IDs belong to; the first to claim one keeps it."""
    query = (
        "insert into thread_message (tenant, account, message_key, thread)"
        " select %(tenant)s, %(account)s, message_key, %(thread)s from unnest(%(keys)s::bytea[]) as k (message_key)"
        " order by message_key on conflict do nothing"  # ordered, so that two writers cannot lock each other out
    )
    await tx.run(query, account=account, thread=thread, keys=_blind_keys(tx.vault, keys))


def email_of(vault: Vault, row: Any) -> Email:
    """Return the message of a row of ``email``; with ``is_erased`` where nobody can read it any more.

    Raises:
        KeyringError: it was changed, or moved from its place.
    """
    try:
        content = content_of(vault, row)
    except ErasedError:
        content = _ERASED
    return email_from(row, content)


def _listed(vault: Vault, row: Any) -> Email:
    """Return the same for a list, which one damaged row must not end: with ``is_unreadable``."""
    try:
        return email_of(vault, row)
    except SealBrokenError as error:
        log.error("mailbox.unreadable", message=row.id, error=str(error))
        return email_from(row, _UNREADABLE)


def content_of(vault: Vault, row: Any) -> dict[str, Any]:
    """Return what ``sealed`` has hidden of a row of ``email``.

    Raises:
        ErasedError: nobody can read it any more.
        KeyringError: it was changed, or moved from its place.
    """
    content: dict[str, Any] = orjson.loads(vault.open(f"email/{row.id}", bytes(row.sealed)))
    return content


def texts_from(content: dict[str, Any]) -> Texts:
    """Return what a message is found by, without making the message first."""
    written = content.get("reading", {})
    return Texts(
        from_=(content.get("from_shown", ""), content["author"]),
        to=(content.get("to_shown", ""), content["recipient"]),
        subject=(content["subject"],),
        filename=reading.file_names(written) if written else (),
        human=written["human"] if written else content["text"],
    )


def email_from(row: Any, content: dict[str, Any]) -> Email:
    """Return the message of a row of ``email`` and its content."""
    return Email(
        id=EmailId(row.id),
        account=AccountId(row.account),
        thread=ThreadId(row.thread),
        blob=BlobId(content["blob"]),
        size_octets=row.size_octets,
        received_at=row.received_at,
        author=_address(content["author"]),
        recipient=_address(content["recipient"]),
        reply_to=tuple(_address(text) for text in content["reply_to"]),
        subject=content["subject"],
        reading=_reading(content),
        from_shown=content.get("from_shown", ""),  # not there in what was kept before they were
        to_shown=content.get("to_shown", ""),
        message_id=content["message_id"],
        references=tuple(content["references"]),
        is_proven=row.is_proven,
        is_automatic=row.is_automatic,
        capabilities=tuple(content["capabilities"]),
        labels=tuple(content.get("labels", ())),  # as above
        verification=content["verification"],
        is_erased=content is _ERASED,
        is_unreadable=content is _UNREADABLE,
    )


def _reading(content: dict[str, Any]) -> Reading:
    """Return the reading; of a message kept before readings were, its text."""
    return reading.from_json(content["reading"]) if "reading" in content else reading.of_text(content["text"])


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")  # it was parsed when it came in; reading it again needs no proof
    return Address(local, domain)
