"""The SQL of the document room; in transactions of ``TRUST``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from gatepost.db import Transaction
from gatepost.keys import Vault
from gatepost.mail.address import Address
from gatepost.trust.room.paper import File, Grant, State, Viewed, Visitor


def target_key(vault: Vault, address: Address) -> str:
    """Return what a visitor's address is found by."""
    return vault.blind_text("room", address.key)


async def lock(tx: Transaction) -> None:
    """Let nobody else ask until the transaction ends."""
    await tx.one("select pg_advisory_xact_lock(hashtextextended('trust room', 0))")


async def asked_since(tx: Transaction, since: datetime) -> int:
    """Return how many requests came since then."""
    query = "select count(*) as count from room_grant where tenant = %(tenant)s and asked_at > %(since)s"
    return int((await tx.one(query, since=since)).count)


async def add(tx: Transaction, new: Grant) -> None:
    """Remember a request."""
    query = """
        insert into room_grant (tenant, id, target_key, sealed, state, asked_at)
        values (%(tenant)s, %(id)s, %(key)s, %(sealed)s, %(state)s, %(at)s)
    """
    who = new.visitor
    content = orjson.dumps({"name": who.name, "company": who.company, "address": who.address, "why": who.why})
    await tx.run(
        query,
        id=new.id,
        key=target_key(tx.vault, Address.parse(who.address)),
        sealed=tx.vault.seal_lasting(f"room_grant/{new.id}", content),
        state=new.state,
        at=new.asked_at,
    )


async def decide(
    tx: Transaction, grant: str, before: State, state: State, *, at: datetime, expires_at: datetime | None
) -> bool:
    """Write what a person decided about a request; False where it does not stand at ``before`` any more."""
    query = """
        update room_grant set state = %(state)s, decided_at = %(at)s, expires_at = coalesce(%(until)s, expires_at)
        where tenant = %(tenant)s and id = %(id)s and state = %(before)s
    """
    return bool(await tx.run(query, id=grant, before=before, state=state, at=at, until=expires_at))


async def next_link(tx: Transaction, grant: str, at: datetime) -> int:
    """Begin the round of a new sign-in link; links sent before count no more."""
    query = """
        update room_grant set round = round + 1, link_at = %(at)s
        where tenant = %(tenant)s and id = %(id)s returning round
    """
    return int((await tx.one(query, id=grant, at=at)).round)


async def use_link(tx: Transaction, grant: str, round_: int, *, since: datetime) -> bool:
    """Let the link of one round count, once."""
    query = """
        update room_grant set round = round + 1
        where tenant = %(tenant)s and id = %(id)s and round = %(round)s and link_at > %(since)s
    """
    return bool(await tx.run(query, id=grant, round=round_, since=since))


async def agree(tx: Transaction, grant: str, nda_sha256: str, at: datetime) -> None:
    """Write which text was agreed to."""
    query = """
        update room_grant set nda_sha256 = %(sha256)s, agreed_at = %(at)s where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(query, id=grant, sha256=nda_sha256, at=at)


async def by_id(tx: Transaction, grant: str) -> Grant | None:
    """Return one request."""
    row = await tx.maybe("select * from room_grant where tenant = %(tenant)s and id = %(id)s", id=grant)
    return None if row is None else _grant(tx.vault, row)


async def by_address(tx: Transaction, address: Address) -> list[Grant]:
    """Return the requests of an address, newest first."""
    query = """
        select * from room_grant where tenant = %(tenant)s and target_key = %(key)s order by asked_at desc limit 20
    """
    return [_grant(tx.vault, row) for row in await tx.all(query, key=target_key(tx.vault, address))]


async def grants(tx: Transaction) -> list[Grant]:
    """Return all requests, newest first."""
    query = "select * from room_grant where tenant = %(tenant)s order by asked_at desc limit 1000"
    return [_grant(tx.vault, row) for row in await tx.all(query)]


async def forget(tx: Transaction, *, undecided_before: datetime, ended_before: datetime) -> int:
    """Forget requests that led nowhere, and those whose time was over before then."""
    query = """
        delete from room_grant where tenant = %(tenant)s
          and ((state in ('asked', 'refused') and asked_at < %(undecided)s) or expires_at < %(ended)s)
    """
    return await tx.run(query, undecided=undecided_before, ended=ended_before)


async def forget_canaries(tx: Transaction, prefix: str, now: datetime) -> None:
    """Forget the canary's visits that are over; the access log keeps their views."""
    query = """
        delete from room_grant where tenant = %(tenant)s and starts_with(id, %(prefix)s) and expires_at < %(now)s
    """
    await tx.run(query, prefix=prefix, now=now)


async def add_session(tx: Transaction, digest: bytes, grant: str, expires_at: datetime, now: datetime) -> None:
    """Let a browser in; those whose time is over go."""
    await tx.run("delete from room_session where tenant = %(tenant)s and expires_at < %(now)s", now=now)
    query = """
        insert into room_session (tenant, digest, grant_id, expires_at)
        values (%(tenant)s, %(digest)s, %(grant)s, %(until)s)
    """
    await tx.run(query, digest=digest, grant=grant, until=expires_at)


async def grant_of(tx: Transaction, digest: bytes, now: datetime) -> str | None:
    """Return whose session it is, while it lasts."""
    query = """
        select grant_id from room_session
        where tenant = %(tenant)s and digest = %(digest)s and expires_at > %(now)s
    """
    row = await tx.maybe(query, digest=digest, now=now)
    return None if row is None else str(row.grant_id)


async def end_session(tx: Transaction, digest: bytes) -> None:
    """Let a browser in no more."""
    await tx.run("delete from room_session where tenant = %(tenant)s and digest = %(digest)s", digest=digest)


async def end_sessions(tx: Transaction, grant: str) -> None:
    """Let nobody in by a grant any more."""
    await tx.run("delete from room_session where tenant = %(tenant)s and grant_id = %(grant)s", grant=grant)


async def put_file(tx: Transaction, file: File) -> None:
    """Put a document into the room, or its new version."""
    query = """
        insert into room_file (tenant, id, title, media, sha256, published_at)
        values (%(tenant)s, %(id)s, %(title)s, %(media)s, %(sha256)s, %(at)s)
        on conflict (tenant, id) do update set title = excluded.title, media = excluded.media,
          sha256 = excluded.sha256, published_at = excluded.published_at
    """
    await tx.run(query, id=file.id, title=file.title, media=file.media, sha256=file.sha256, at=file.published_at)


async def keep_files(tx: Transaction, wanted: Sequence[str]) -> None:
    """Take every other document out of the room."""
    await tx.run("delete from room_file where tenant = %(tenant)s and id <> all(%(ids)s::text[])", ids=list(wanted))


async def files(tx: Transaction) -> list[File]:
    """Return what lies in the room."""
    query = "select * from room_file where tenant = %(tenant)s order by id"
    return [
        File(id=row.id, title=row.title, media=row.media, sha256=row.sha256, published_at=row.published_at)
        for row in await tx.all(query)
    ]


async def add_view(tx: Transaction, view: Viewed) -> None:
    """Write down who saw what."""
    query = """
        insert into room_view (tenant, entry, grant_id, file, sha256, at)
        values (%(tenant)s, %(entry)s, %(grant)s, %(file)s, %(sha256)s, %(at)s)
    """
    await tx.run(query, entry=view.entry, grant=view.grant, file=view.file, sha256=view.sha256, at=view.at)


async def views(tx: Transaction) -> list[Viewed]:
    """Return every view, newest first."""
    query = "select * from room_view where tenant = %(tenant)s order by entry desc limit 10000"
    return [
        Viewed(entry=row.entry, grant=row.grant_id, file=row.file, sha256=row.sha256, at=row.at)
        for row in await tx.all(query)
    ]


def _grant(vault: Vault, row: Any) -> Grant:
    return Grant(
        id=row.id,
        visitor=Visitor(**orjson.loads(vault.open(f"room_grant/{row.id}", bytes(row.sealed)))),
        state=State(row.state),
        asked_at=row.asked_at,
        decided_at=row.decided_at,
        expires_at=row.expires_at,
        round=row.round,
        link_at=row.link_at,
        nda_sha256=row.nda_sha256 or "",
        agreed_at=row.agreed_at,
    )
