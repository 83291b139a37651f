"""The SQL of what the tables and the log say of policies; for a transaction that stands still."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from gatepost.db import Transaction
from gatepost.decide import store as policies
from gatepost.decide.versions import Signed
from gatepost.ids import AccountId, KeyId
from gatepost.keys import KeyringError
from gatepost.record import store
from gatepost.record.entry import Leaf, legible


class Row(NamedTuple):
    """One version as it lies in the table; ``signed`` is None where its words cannot be read."""

    account: AccountId
    version: int
    signed: Signed | None


class Revocation(NamedTuple):
    """One version whose grants count no more."""

    account: AccountId
    version: int
    at: datetime
    actor: KeyId


class Said(NamedTuple):
    """One entry about a policy; ``digest`` is None where nobody can read it, or there is none."""

    leaf: Leaf
    digest: str | None


async def versions(tx: Transaction) -> list[Row]:
    """Return every version of every policy of the tenant."""
    query = "select * from policy where tenant = %(tenant)s order by account, version"
    return [Row(AccountId(row.account), row.version, _signed(tx, row)) for row in await tx.all(query)]


def _signed(tx: Transaction, row: Any) -> Signed | None:
    account = AccountId(row.account)
    try:
        tx.vault.open(policies.policy_place(account, row.version), bytes(row.sealed))
        return policies.signed(tx, account, row)
    except KeyringError:
        return None


async def revocations(tx: Transaction) -> list[Revocation]:
    """Return every version of the tenant's whose grants count no more."""
    query = "select * from policy_revocation where tenant = %(tenant)s order by account, version"
    return [Revocation(AccountId(row.account), row.version, row.at, KeyId(row.actor)) for row in await tx.all(query)]


async def said(tx: Transaction) -> Iterator[Said]:
    """Return what the log says was put in force and revoked, oldest first; a leaf that was spoilt the walk names."""
    query = """
        select written.leaf, opened.ref, opened.sealed
        from consequence as followed join entry as written on written.id = followed.entry
        left join opening as opened on opened.entry = followed.entry
        where followed.tenant = %(tenant)s and followed.action in ('policy.set', 'policy.revoke')
        order by followed.entry
    """
    rows = await tx.all(query)
    return (
        Said(leaf, store.private(tx.vault, row, "policy_digest"))
        for row in rows
        if (leaf := legible(row.leaf)) is not None
    )
