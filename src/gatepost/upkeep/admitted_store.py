"""The SQL of who and what was let in, by tables and log; for a transaction that stands still."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from gatepost.db import Transaction
from gatepost.record.entry import Leaf, legible


class Row(NamedTuple):
    """One that the tables let in.

    Attributes:
        kind: as ``ADMISSIONS`` calls it.
        id: as entries call it.
        told: what entries say of it too, by their names for it.
    """

    kind: str
    id: str
    told: dict[str, Any]


async def rows(tx: Transaction) -> list[Row]:
    """Return all that the tables let in."""
    query = """
        select 'tenant' as kind, tenant as id,
          jsonb_build_object('plan', plan, 'is_needed', needs_second_person) as told
        from tenant where tenant = %(tenant)s
        union all select 'person', id, jsonb_build_object('role', role) from person where tenant = %(tenant)s
        union all select 'key', id, jsonb_build_object('role', role, 'scopes',
          (select coalesce(jsonb_agg(scope order by scope), '[]') from unnest(scopes) as scope))
        from api_key where tenant = %(tenant)s
        union all select 'mailbox', id::text, jsonb_build_object('is_sandboxed', is_sandboxed)
        from account where tenant = %(tenant)s and not is_postmaster
        union all select 'domain', name, '{}' from domain where tenant = %(tenant)s
        union all select 'webhook', id, '{}' from webhook where tenant = %(tenant)s
        union all select 'destination', id, jsonb_build_object('kind', kind)
        from export_destination where tenant = %(tenant)s
        order by kind, id
    """
    return [Row(row.kind, row.id, row.told) for row in await tx.all(query)]


async def said(tx: Transaction) -> Iterator[Leaf]:
    """Return what the log says was let in, changed and shut out, oldest first; what was spoilt the walk names."""
    query = """
        select written.leaf from consequence as followed join entry as written on written.id = followed.entry
        where followed.tenant = %(tenant)s and followed.action in (
          'tenant.add', 'tenant.plan', 'tenant.second_person', 'tenant.remove', 'person.add', 'person.remove',
          'key.add', 'key.remove', 'mailbox.add', 'mailbox.remove', 'mailbox.sandbox', 'mailbox.promote',
          'domain.add', 'domain.remove', 'webhook.add', 'webhook.remove', 'export.add', 'export.remove', 'log.recover')
        order by followed.entry
    """
    return (leaf for row in await tx.all(query) if (leaf := legible(row.leaf)) is not None)
