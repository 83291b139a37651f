"""Holds at rest."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import structlog

from gatepost.arrive.paper import Direction
from gatepost.db import Transaction
from gatepost.deliver.paper import DefaultOutcome, Hold, HoldState
from gatepost.ids import AccountId, BlobId, EmailId, HoldId, KeyId
from gatepost.keys import ErasedError, SealBrokenError, Vault

_EMPTY: Mapping[str, Any] = {
    "digest": "",
    "blob": "",
    "author": None,
    "recipients": [],
    "subject": "",
    "about": None,
    "paper": "",
}

log = structlog.get_logger()


async def insert(tx: Transaction, hold: Hold) -> None:
    """Write a hold; a message that has one keeps it."""
    query = """
        insert into hold (tenant, id, account, email, direction, reason, default_outcome, proposer, size_octets,
          held_at, expires_at, sealed)
        values (%(tenant)s, %(id)s, %(account)s, %(email)s, %(direction)s, %(reason)s, %(default)s, %(proposer)s,
          %(size)s, %(held_at)s, %(expires_at)s, %(sealed)s)
        on conflict (tenant, id) do nothing
    """
    await tx.run(
        query,
        id=hold.id,
        account=hold.account,
        email=hold.email,
        direction=hold.direction.value,
        reason=hold.reason,
        default=hold.default.value,
        proposer=hold.proposer,
        size=hold.size_octets,
        held_at=hold.held_at,
        expires_at=hold.expires_at,
        sealed=_sealed(tx.vault, hold),
    )


def _sealed(vault: Vault, hold: Hold) -> bytes:
    content = {
        "digest": hold.digest,
        "blob": hold.blob,
        "author": _storable(hold.author),
        "recipients": [_storable(each) for each in hold.recipients],
        "subject": _storable(hold.subject),
        "about": _storable(hold.about),
        "paper": hold.paper.decode(),
    }
    return vault.seal(f"hold/{hold.id}", orjson.dumps(content), at=hold.held_at, subject=hold.about)


def _storable(text: str | None) -> str | None:
    return None if text is None else text.encode("utf-8", "replace").decode()


async def by_id(tx: Transaction, hold: HoldId) -> Hold | None:
    """Return one hold of the tenant."""
    row = await tx.maybe("select * from hold where tenant = %(tenant)s and id = %(hold)s", hold=hold)
    return None if row is None else _hold(tx.vault, row)


async def waiting(tx: Transaction, emails: Sequence[EmailId]) -> list[Hold]:
    """Return the holds on these messages that nobody has ruled on."""
    query = """
        select * from hold
        where tenant = %(tenant)s and email = any(%(emails)s::text[]) and state = %(state)s
    """
    rows = await tx.all(query, emails=list(emails), state=HoldState.WAITING.value)
    return [_hold(tx.vault, row) for row in rows]


async def lock(tx: Transaction, hold: HoldId) -> HoldState | None:
    """Return where a hold stands, and let nobody else change it until the transaction ends."""
    query = "select state from hold where tenant = %(tenant)s and id = %(hold)s for update"
    row = await tx.maybe(query, hold=hold)
    return None if row is None else HoldState(row.state)


async def page(
    tx: Transaction, account: AccountId, *, state: HoldState | None, limit: int, below: tuple[datetime, str] | None
) -> list[Hold]:
    """Return an account's holds, newest first, below the place of one: its time and id."""
    query = """
        select * from hold where tenant = %(tenant)s and account = %(account)s
          and (%(state)s::text is null or state = %(state)s)
          and (%(at)s::timestamptz is null or (held_at, id) < (%(at)s, %(id)s::text))
        order by held_at desc, id desc limit %(limit)s
    """
    at, id_ = below or (None, None)
    value = None if state is None else state.value
    rows = await tx.all(query, account=account, state=value, at=at, id=id_, limit=limit)
    return [_listed(tx.vault, row) for row in rows]


async def settle(tx: Transaction, hold: HoldId, state: HoldState, *, at: datetime, by: str, reason: str) -> None:
    """Write how a hold ended."""
    query = """
        update hold set state = %(state)s, settled_at = %(at)s, settled_by = %(by)s, settled_reason = %(reason)s
        where tenant = %(tenant)s and id = %(hold)s
    """
    await tx.run(query, hold=hold, state=state.value, at=at, by=by, reason=reason)


def _hold(vault: Vault, row: Any) -> Hold:
    try:
        return _of(row, orjson.loads(vault.open(f"hold/{row.id}", bytes(row.sealed))))
    except ErasedError:
        return _of(row, _EMPTY, is_erased=True)


def _listed(vault: Vault, row: Any) -> Hold:
    """Return the same for a list, which one damaged row must not end."""
    try:
        return _hold(vault, row)
    except SealBrokenError as error:
        log.error("hold.unreadable", hold=row.id, error=str(error))
        return _of(row, _EMPTY, is_unreadable=True)


def _of(row: Any, content: Mapping[str, Any], *, is_erased: bool = False, is_unreadable: bool = False) -> Hold:
    return Hold(
        id=HoldId(row.id),
        account=AccountId(row.account),
        email=EmailId(row.email),
        direction=Direction(row.direction),
        reason=row.reason,
        state=HoldState(row.state),
        default=DefaultOutcome(row.default_outcome),
        proposer=None if row.proposer is None else KeyId(row.proposer),
        size_octets=row.size_octets,
        held_at=row.held_at,
        expires_at=row.expires_at,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        settled_reason=row.settled_reason,
        digest=content["digest"],
        blob=BlobId(content["blob"]),
        author=content["author"],
        recipients=tuple(content["recipients"]),
        subject=content["subject"],
        about=content["about"],
        paper=content["paper"].encode(),
        is_erased=is_erased,
        is_unreadable=is_unreadable,
    )


async def forget(tx: Transaction, emails: Sequence[EmailId]) -> int:
    """Remove the holds of these messages, and who was asked about them; for the keeper's role."""
    asked = """
        delete from hold_asked using hold
        where hold_asked.tenant = %(tenant)s and hold.tenant = %(tenant)s and hold_asked.account = hold.account
          and hold_asked.hold = hold.id and hold.email = any(%(emails)s)
    """
    await tx.run(asked, emails=list(emails))
    query = "delete from hold where tenant = %(tenant)s and email = any(%(emails)s::text[])"
    return await tx.run(query, emails=list(emails))
