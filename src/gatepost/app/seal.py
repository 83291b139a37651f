"""The part of migration 0091 that SQL cannot do: seal what an earlier release wrote in clear.

Each batch is one transaction, and its keys are durable before it commits. What is sealed already is passed over, so a
start that was cut off is made up for by the next. Like an SQL migration it stands for itself: it names tables, places
and purposes as they were when it was released, and follows no later change of the rooms.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

import orjson
import psycopg
import structlog
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL

from gatepost.blobs import Blobs
from gatepost.clock import Entropy
from gatepost.keys import Keyring, KeyringError, KeyStore, Vault
from gatepost.keys.master import MASTER, read_master
from gatepost.mail.address import Address

NAME = "0091_clear_gone.sql"
BATCH = 500

log = structlog.get_logger()

Owner = psycopg.Connection[Any]
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Table:
    """How one table is sealed: a batch of its clear rows, what each becomes, and where that is written."""

    name: str
    clear: LiteralString
    seal: Callable[[KeyStore, Any], Values]
    write: LiteralString


def _key(text: str) -> str:
    local, _, domain = text.rpartition("@")
    return Address(local, domain).key


def _lasting(place: str, text: str) -> Callable[[KeyStore, Any], Values]:
    def seal(keys: KeyStore, row: Any) -> Values:
        named = place.format(row=row)
        return {**row._asdict(), "sealed": keys.vault(row.tenant).seal_lasting(named, getattr(row, text).encode())}

    return seal


def _address(table: str) -> Callable[[KeyStore, Any], Values]:
    def seal(keys: KeyStore, row: Any) -> Values:
        vault = keys.vault(row.tenant)
        token = vault.blind_text("address", row.address_key)
        sealed = vault.seal_lasting(f"{table}/{token}", row.address.encode())
        return {**row._asdict(), "token": token, "sealed": sealed}

    return seal


def _route(keys: KeyStore, row: Any) -> Values:
    token = keys.vault(None).blind_text("route", row.address_key)
    sealed = keys.vault(row.tenant).seal_lasting(f"route/{token}", row.address.encode())
    return {**row._asdict(), "token": token, "sealed": sealed}


def _policy(keys: KeyStore, row: Any) -> Values:
    content = b'{"document": ' + row.document.encode() + b', "warnings": ' + orjson.dumps(row.warnings) + b"}"
    sealed = keys.vault(row.tenant).seal_lasting(f"policy/{row.account}/{row.version}", content)
    return {"tenant": row.tenant, "account": row.account, "version": row.version, "sealed": sealed}


def _email(keys: KeyStore, row: Any) -> Values:
    content = {
        "blob": row.blob,
        "author": row.author,
        "recipient": row.recipient,
        "reply_to": row.reply_to,
        "subject": row.subject,
        "text": row.body_text,
        "message_id": row.message_id,
        "references": row.refs,
        "capabilities": row.capabilities,
        "verification": row.verification,
    }
    octets = orjson.dumps(content)
    vault = keys.vault(row.tenant)
    sealed = vault.seal(f"email/{row.id}", octets, at=row.received_at, subject=_key(row.author))
    return {"tenant": row.tenant, "id": row.id, "sealed": sealed}


def _subject(opening: Mapping[str, Any] | None, direction: str | None) -> str | None:
    """Return whom a decision is about, as its opening says."""
    if opening is None or direction is None:
        return None
    names = ("recipient",) if direction == "outbound" else ("sender", "mail_from")
    found = (opening[name]["value"] for name in names if name in opening)
    return next((_key(address) for address in found if address), None)


def _body(keys: KeyStore, row: Any) -> Values:
    subject = _subject(row.opening, row.direction)
    vault = keys.vault(row.tenant)
    sealed = vault.seal(f"body/{row.email}", bytes(row.octets), at=row.received_at, subject=subject)
    return {"tenant": row.tenant, "email": row.email, "sealed": sealed}


def _opening(keys: KeyStore, row: Any) -> Values:
    opening: Mapping[str, Any] = orjson.loads(row.text)
    subject = _subject(opening, row.direction)
    if row.kind in {"reply", "bounce"} and "to" in opening:
        subject = _key(opening["to"]["value"])
    sealed = keys.vault(row.tenant).seal(f"opening/{row.ref}", row.text.encode(), at=row.at, subject=subject)
    return {"entry": row.entry, "sealed": sealed}


def _submission(keys: KeyStore, row: Any) -> Values:
    octets = orjson.dumps({"blob": row.blob, "mail_from": row.mail_from, "rcpt_to": row.rcpt_to})
    place, subject = f"submission/{row.id}", _key(row.rcpt_to)
    sealed = keys.vault(row.tenant).seal(place, octets, at=row.submitted_at, subject=subject)
    return {"tenant": row.tenant, "id": row.id, "sealed": sealed}


def _token(purpose: str, column: str) -> Callable[[KeyStore, Any], Values]:
    def blind(keys: KeyStore, row: Any) -> Values:
        return {**row._asdict(), "token": keys.vault(row.tenant).blind_text(purpose, getattr(row, column))}

    return blind


def _message(keys: KeyStore, row: Any) -> Values:
    return {**row._asdict(), "token": keys.vault(row.tenant).blind("message", bytes(row.message_key))}


TABLES: tuple[_Table, ...] = (
    _Table(
        "tenant",
        "select tenant, name from tenant where sealed is null limit %s",
        _lasting("tenant", "name"),
        "update tenant set sealed = %(sealed)s where tenant = %(tenant)s",
    ),
    _Table(
        "account",
        "select tenant, id, address, address_key from account where sealed is null limit %s",
        _address("account"),
        "update account set sealed = %(sealed)s, address_key = %(token)s where id = %(id)s",
    ),
    _Table(
        "person",
        "select tenant, id, address, address_key from person where sealed is null limit %s",
        _address("person"),
        "update person set sealed = %(sealed)s, address_key = %(token)s where id = %(id)s",
    ),
    _Table(
        "route",
        "select tenant, address, address_key from route where sealed is null limit %s",
        _route,
        "update route set sealed = %(sealed)s, address_key = %(token)s where address_key = %(address_key)s",
    ),
    _Table(
        "api_key",
        "select tenant, id, label from api_key where sealed is null limit %s",
        _lasting("api_key/{row.id}", "label"),
        "update api_key set sealed = %(sealed)s where id = %(id)s",
    ),
    _Table(
        "webhook",
        "select tenant, id, url from webhook where sealed is null limit %s",
        _lasting("webhook/{row.id}", "url"),
        "update webhook set sealed = %(sealed)s where tenant = %(tenant)s and id = %(id)s",
    ),
    _Table(
        "policy",
        "select tenant, account, version, document::text as document, warnings from policy where sealed is null"
        " limit %s",
        _policy,
        "update policy set sealed = %(sealed)s where tenant = %(tenant)s and account = %(account)s"
        " and version = %(version)s",
    ),
    _Table(
        "submission",
        "select tenant, id, blob, mail_from, rcpt_to, submitted_at from submission where sealed is null limit %s",
        _submission,
        "update submission set sealed = %(sealed)s where tenant = %(tenant)s and id = %(id)s",
    ),
    _Table(
        "submission_claim",
        "select tenant, account, identity from submission_claim where length(identity) = 64 limit %s",
        _token("identity", "identity"),
        "update submission_claim set identity = %(token)s where tenant = %(tenant)s and account = %(account)s"
        " and identity = %(identity)s",
    ),
    _Table(
        "delivered_message",
        "select distinct tenant, sender from delivered_message where sender like '%%@%%' limit %s",
        _token("sender", "sender"),
        "update delivered_message set sender = %(token)s where tenant = %(tenant)s and sender = %(sender)s",
    ),
    _Table(
        "spent_token",
        "select distinct tenant, sender from spent_token where sender like '%%@%%' limit %s",
        _token("sender", "sender"),
        "update spent_token set sender = %(token)s where tenant = %(tenant)s and sender = %(sender)s",
    ),
    _Table(
        "thread_message",
        "select tenant, account, message_key from thread_message where length(message_key) = 32 limit %s",
        _message,
        "update thread_message set message_key = %(token)s where tenant = %(tenant)s and account = %(account)s"
        " and message_key = %(message_key)s",
    ),
    _Table(  # before the openings, which say whom a body is about
        "body",
        "select body.tenant, body.email, octets, direction, coalesce(received_at, now()) as received_at, opening"
        " from body left join lateral ("
        "   select entry, direction, received_at from decision_row as decided"
        "   where decided.tenant = body.tenant and decided.email = body.email order by entry limit 1"
        " ) as decided on true left join opening using (entry) where body.sealed is null limit %s",
        _body,
        "update body set sealed = %(sealed)s where tenant = %(tenant)s and email = %(email)s",
    ),
    _Table(
        "email",
        "select * from email where sealed is null limit %s",
        _email,
        "update email set sealed = %(sealed)s where tenant = %(tenant)s and id = %(id)s",
    ),
    _Table(
        "opening",
        "select opening.entry, opening.tenant, ref, opening::text as text, kind, at, direction from opening"
        " join entry on entry.id = opening.entry left join decision_row using (entry)"
        " where opening.sealed is null limit %s",
        _opening,
        "update opening set sealed = %(sealed)s where entry = %(entry)s",
    ),
)

SECRETS: tuple[tuple[LiteralString, Callable[[Any], str], LiteralString], ...] = (
    (
        "select domain, selector, wrapped from dkim_key",
        lambda row: f"dkim/{row.selector}._domainkey.{row.domain}",
        "update dkim_key set wrapped = %(wrapped)s where domain = %(domain)s and selector = %(selector)s",
    ),
    (
        "select tenant, wrapped_seed as wrapped from log_key",
        lambda _row: "log key",
        "update log_key set wrapped_seed = %(wrapped)s where tenant = %(tenant)s",
    ),
    (
        "select tenant, id, wrapped_secret as wrapped from webhook",
        lambda row: f"webhook:{row.id}",
        "update webhook set wrapped_secret = %(wrapped)s where tenant = %(tenant)s and id = %(id)s",
    ),
)
"""What was wrapped under the master key itself, and is wrapped under a key of the key store from now on."""


def seal_clear_rows(owner: Owner, *, folder: Path, blobs: Callable[[], Blobs], entropy: Entropy) -> None:
    """Seal everything an earlier release wrote in clear; with no tenant, make its master key one of a key store.

    Args:
        owner: the connection that migrates.
        folder: of the keys.
        blobs: opens the object store, where large bodies lie.
        entropy: draws keys and nonces.

    Raises:
        KeyringError: the key store cannot be used.
        BlobsUnavailableError: the object store does not answer.
    """
    has_rows = owner.execute("select from tenant limit 1").fetchone() is not None
    if not (has_rows or (folder / MASTER).exists()):
        return  # a first start makes them
    keys = KeyStore.adopt(folder, entropy)
    try:
        with owner.cursor(row_factory=namedtuple_row) as cursor:
            _seal_objects(cursor, keys, blobs())
            for table in TABLES:
                _seal_table(owner, cursor, keys, table)
            _rewrap(owner, cursor, keys, Keyring(read_master(folder / MASTER), entropy))
        owner.execute("insert into key_store (id) values (%s) on conflict do nothing", [keys.id])
    finally:
        keys.close()


def _seal_table(owner: Owner, cursor: psycopg.Cursor[Any], keys: KeyStore, table: _Table) -> None:
    count = 0
    while rows := cursor.execute(table.clear, [BATCH]).fetchall():
        sealed = [table.seal(keys, row) for row in rows]
        keys.flush_now()
        with owner.transaction():
            cursor.executemany(table.write, sealed)
        count += len(rows)
        log.info("migration.sealing", table=table.name, rows=count)


def _rewrap(owner: Owner, cursor: psycopg.Cursor[Any], keys: KeyStore, master: Keyring) -> None:
    house = keys.keyring
    for query, purpose, write in SECRETS:
        fresh = []
        for row in cursor.execute(query).fetchall():
            name, wrapped = purpose(row), bytes(row.wrapped)
            try:
                house.unwrap(name, wrapped)
            except KeyringError:
                fresh.append({**row._asdict(), "wrapped": house.wrap(name, master.unwrap(name, wrapped))})
        with owner.transaction():
            cursor.executemany(write, fresh)


def _seal_objects(cursor: psycopg.Cursor[Any], keys: KeyStore, blobs: Blobs) -> None:
    """Seal the large bodies, while the openings still say whom they are about."""
    query = """
        select distinct on (decided.tenant, decided.email)
          decided.tenant, decided.email, direction, received_at, opening
        from decision_row as decided join opening using (entry)
        where disposition in ('deliver', 'hold') and opening.sealed is null
          and not exists (select from body where body.tenant = decided.tenant and body.email = decided.email)
    """
    rows = cursor.execute(SQL(query)).fetchall()
    if not rows:
        return
    with ThreadPoolExecutor(1) as beside:  # the caller may be inside an event loop of its own
        beside.submit(asyncio.run, _seal_bodies(rows, keys, blobs)).result()


async def _seal_bodies(rows: Iterable[Any], keys: KeyStore, blobs: Blobs) -> None:
    for row in rows:
        path, place = f"bodies/{row.tenant}/{row.email[-2:]}/{row.email}", f"body/{row.email}"
        vault = keys.vault(row.tenant)
        octets = await blobs.read(path)
        if octets is None or _is_sealed(vault, place, octets):
            continue
        at: datetime = row.received_at
        pieces = vault.seal_stream(place, [octets], at=at, subject=_subject(row.opening, row.direction))
        sealed = b"".join(pieces)
        keys.flush_now()
        await blobs.write(path, sealed)


def _is_sealed(vault: Vault, place: str, octets: bytes) -> bool:
    try:
        for _ in vault.open_stream(place, [octets]):
            pass
    except (KeyringError, LookupError):
        return False
    return True
