"""Petitions at rest."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import structlog

from gatepost.act.petition.paper import Kind, Petition, State
from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId, PetitionId
from gatepost.keys import ErasedError, SealBrokenError, Vault

log = structlog.get_logger()


async def lock(tx: Transaction, account: AccountId) -> None:
    """Wait until no other transaction petitions for this account."""
    await tx.one(
        "select pg_advisory_xact_lock(hashtextextended("
        " jsonb_build_array('petition', %(tenant)s::text, %(account)s::bigint)::text, 0))",
        account=account,
    )


async def waiting(tx: Transaction, account: AccountId, now: datetime) -> int:
    """Return how many of an account's petitions wait."""
    query = """
        select count(*) as waiting from petition
        where tenant = %(tenant)s and account = %(account)s and state = 'waiting' and expires_at > %(now)s
    """
    return int((await tx.one(query, account=account, now=now)).waiting)


async def unsettled(tx: Transaction, account: AccountId, now: datetime) -> list[Petition]:
    """Return an account's petitions that wait, oldest first."""
    query = """
        select * from petition
        where tenant = %(tenant)s and account = %(account)s and state = 'waiting' and expires_at > %(now)s
        order by made_at, id
    """
    return [_listed(tx.vault, row) for row in await tx.all(query, account=account, now=now)]


async def same(tx: Transaction, petition: Petition) -> Petition | None:
    """Return the one that waits and asks for the same."""
    query = """
        select * from petition
        where tenant = %(tenant)s and account = %(account)s and state = 'waiting' and expires_at > %(now)s
          and likeness = %(likeness)s
        order by made_at limit 1
    """
    likeness = _likeness(tx.vault, petition)
    row = await tx.maybe(query, account=petition.account, now=petition.made_at, likeness=likeness)
    return None if row is None else _petition(tx.vault, row)


async def insert(tx: Transaction, petition: Petition) -> None:
    """Write a new one."""
    query = """
        insert into petition (tenant, id, account, kind, likeness, proposer, email, made_at, expires_at, sealed)
        values (%(tenant)s, %(id)s, %(account)s, %(kind)s, %(likeness)s, %(proposer)s, %(email)s, %(made_at)s,
          %(expires_at)s, %(sealed)s)
    """
    content = orjson.dumps({"sender": petition.sender, "why": petition.why})
    await tx.run(
        query,
        id=petition.id,
        account=petition.account,
        kind=petition.kind.value,
        likeness=_likeness(tx.vault, petition),
        proposer=petition.proposer,
        email=petition.email,
        made_at=petition.made_at,
        expires_at=petition.expires_at,
        sealed=tx.vault.seal(f"petition/{petition.id}", content, at=petition.made_at, subject=petition.sender or None),
    )


async def by_id(tx: Transaction, petition: PetitionId, *, is_locked: bool = False) -> Petition | None:
    """Return one of the tenant's; nobody else settles a locked one until the transaction ends."""
    query = "select * from petition where tenant = %(tenant)s and id = %(petition)s"
    locked = "select * from petition where tenant = %(tenant)s and id = %(petition)s for update"
    row = await tx.maybe(locked if is_locked else query, petition=petition)
    return None if row is None else _petition(tx.vault, row)


async def page(
    tx: Transaction, account: AccountId, *, limit: int, below: tuple[datetime, str] | None
) -> list[Petition]:
    """Return an account's petitions, newest first, below the place of one: its time and id."""
    query = """
        select * from petition where tenant = %(tenant)s and account = %(account)s
          and (%(at)s::timestamptz is null or (made_at, id) < (%(at)s, %(id)s::text))
        order by made_at desc, id desc limit %(limit)s
    """
    at, id_ = below or (None, None)
    return [_listed(tx.vault, row) for row in await tx.all(query, account=account, at=at, id=id_, limit=limit)]


async def note_first_yes(tx: Transaction, petition: PetitionId, by: str) -> None:
    """Write who said yes first; it still waits."""
    query = "update petition set first_yes_by = %(by)s where tenant = %(tenant)s and id = %(id)s"
    await tx.run(query, id=petition, by=by)


async def settle(tx: Transaction, petition: Petition) -> None:
    """Write how it ended."""
    query = """
        update petition set state = %(state)s, settled_at = %(at)s, settled_by = %(by)s, policy_version = %(version)s
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(
        query,
        id=petition.id,
        state=petition.state.value,
        at=petition.settled_at,
        by=petition.settled_by,
        version=petition.policy_version,
    )


def _likeness(vault: Vault, petition: Petition) -> bytes:
    return vault.blind("petition", orjson.dumps([petition.kind.value, petition.sender]))


def _petition(vault: Vault, row: Any) -> Petition:
    found = _outside(row)
    try:
        content = orjson.loads(vault.open(f"petition/{row.id}", bytes(row.sealed)))
    except ErasedError:
        return replace(found, is_erased=True)
    return replace(found, sender=content["sender"], why=content["why"])


def _listed(vault: Vault, row: Any) -> Petition:
    """Return the same for a list, which one damaged row must not end."""
    try:
        return _petition(vault, row)
    except SealBrokenError as error:
        log.error("petition.unreadable", petition=row.id, error=str(error))
        return replace(_outside(row), is_unreadable=True)


def _outside(row: Any) -> Petition:
    """Return what its columns say."""
    return Petition(
        id=PetitionId(row.id),
        account=AccountId(row.account),
        kind=Kind(row.kind),
        state=State(row.state),
        sender="",
        why="",
        proposer=row.proposer,
        email=None if row.email is None else EmailId(row.email),
        made_at=row.made_at,
        expires_at=row.expires_at,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        policy_version=row.policy_version,
        first_yes_by=row.first_yes_by,
    )
