"""The SQL of who and what was let in, by tables and log; for a transaction that stands still."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from gatepost.db import Transaction
from gatepost.keys import Vault
from gatepost.record import store
from gatepost.record.entry import Leaf, legible


class Row(NamedTuple):
    """One that the tables let in.

    Attributes:
        kind: as entries call it before the dot of their action; of an export "destination".
        id: as entries call it.
        told: what entries say of it too, by their names for it.
    """

    kind: str
    id: str
    told: dict[str, Any]


_ADMITTED = """
    select 'tenant' as kind, tenant as id, jsonb_build_object('plan', plan, 'is_needed', needs_second_person) as told,
      null::jsonb as standing
    from tenant where tenant = %(tenant)s
    union all select 'person', id, jsonb_build_object('role', role),
      jsonb_build_array(address_key, encode(sealed, 'hex'))
    from person where tenant = %(tenant)s
    union all select 'key', id, jsonb_build_object('role', role, 'scopes',
        (select coalesce(jsonb_agg(scope order by scope), '[]') from unnest(scopes) as scope)),
      jsonb_build_array(encode(digest, 'hex'), account, person, encode(sealed, 'hex'))
    from api_key where tenant = %(tenant)s
    union all select 'mailbox', id::text, jsonb_build_object('is_sandboxed', is_sandboxed),
      jsonb_build_array(address_key, encode(sealed, 'hex'))
    from account where tenant = %(tenant)s and not is_postmaster
    union all select 'domain', name, '{}', jsonb_build_array(postmaster)
    from domain where tenant = %(tenant)s
    union all select 'webhook', id, '{}', null from webhook where tenant = %(tenant)s
    union all select 'destination', id, jsonb_build_object('kind', kind), null
    from export_destination where tenant = %(tenant)s
"""
"""All that the tables let in; ``standing`` is what of a row stays as it was made, and no leaf tells."""
_DIGEST = "encode(sha256(convert_to(standing::text, 'UTF8')), 'hex')"


async def rows(tx: Transaction) -> list[Row]:
    """Return all that the tables let in."""
    query = f"""
        select kind, id, told || case when standing is null then '{{}}' else
          jsonb_build_object('row', {_DIGEST}) end as told
        from ({_ADMITTED}) as admitted order by kind, id
    """  # noqa: S608  # above
    return [Row(row.kind, row.id, row.told) for row in await tx.all(query)]


async def row_digest(tx: Transaction, kind: str, identifier: str) -> str:
    """Return what the entry that lets somebody in commits to: SHA-256, in hex, of the row as it stays.

    In its opening, salted, as any private value: a row exchanged later for another is not what was said.
    """
    query = f"select {_DIGEST} as digest from ({_ADMITTED}) as admitted where kind = %(kind)s and id = %(id)s"  # noqa: S608  # above
    return str((await tx.one(query, kind=kind, id=identifier)).digest)


async def said(tx: Transaction) -> Iterator[Leaf]:
    """Return what the log says was let in, changed and shut out, oldest first; what was spoilt the walk names."""
    query = """
        select written.leaf, opened.ref, opened.sealed
        from consequence as followed join entry as written on written.id = followed.entry
        left join opening as opened on opened.entry = followed.entry
        where followed.tenant = %(tenant)s and followed.action in (
          'tenant.add', 'tenant.plan', 'tenant.second_person', 'tenant.remove', 'person.add', 'person.remove',
          'key.add', 'key.remove', 'mailbox.add', 'mailbox.remove', 'mailbox.sandbox', 'mailbox.promote',
          'domain.add', 'domain.remove', 'webhook.add', 'webhook.remove', 'export.add', 'export.remove', 'log.recover')
        order by followed.entry
    """
    return (_with_row(tx.vault, leaf, row) for row in await tx.all(query) if (leaf := legible(row.leaf)) is not None)


def _with_row(vault: Vault, leaf: Leaf, row: Any) -> Leaf:
    digest = store.private(vault, row, "row")
    return leaf if digest is None else leaf | {"detail": leaf["detail"] | {"row": digest}}
