"""The register's SQL: outgoing connections, opened and refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from psycopg.types.json import Jsonb

from gatepost.db import Database, Transaction
from gatepost.egress import Opened, Purpose, Refused, Rule, Times
from gatepost.ids import TenantId


@dataclass(frozen=True, slots=True)
class Counted:
    """Connections of one purpose to one destination, as the register shows them."""

    purpose: Purpose
    destination: str
    times: Times


async def add_opened(tx: Transaction, opened: Mapping[Opened, Times]) -> None:
    """Add to the counts of connections."""
    query = """
        insert into egress_opened (tenant, purpose, destination, count, first_at, last_at)
        select %(tenant)s, purpose, destination, count, first_at, last_at
        from jsonb_to_recordset(%(rows)s) as given(
          purpose text, destination text, count bigint, first_at timestamptz, last_at timestamptz)
        order by purpose, destination
        on conflict (tenant, purpose, destination) do update
        set count = egress_opened.count + excluded.count, last_at = greatest(egress_opened.last_at, excluded.last_at)
    """
    rows = [
        {
            "purpose": what.purpose.value,
            "destination": what.to,
            "count": times.count,
            "first_at": times.first_at,
            "last_at": times.last_at,
        }
        for what, times in opened.items()
    ]
    await tx.run(query, rows=Jsonb(rows, dumps=orjson.dumps))


async def add_refused(
    tx: Transaction, refused: Sequence[tuple[datetime, Refused, Times]]
) -> list[tuple[datetime, Refused]]:
    """Add to the counts of refusals; return those that are the first of their kind in their hour.

    The first ones are not counted here: the caller makes their entries.
    """
    query = """
        insert into egress_refused as known (tenant, hour, purpose, ref, rule, count, last_at)
        select %(tenant)s, hour, purpose, ref, rule, 0, last_at
        from jsonb_to_recordset(%(rows)s) as given(
          hour timestamptz, purpose text, ref text, rule text, count bigint, last_at timestamptz)
        order by hour, purpose, ref, rule
        on conflict (tenant, hour, purpose, ref, rule) do nothing
        returning hour, purpose, ref, rule
    """
    added = """
        update egress_refused as known
        set count = known.count + given.count, last_at = greatest(known.last_at, given.last_at)
        from jsonb_to_recordset(%(rows)s) as given(
          hour timestamptz, purpose text, ref text, rule text, count bigint, last_at timestamptz)
        where known.tenant = %(tenant)s and known.hour = given.hour and known.purpose = given.purpose
          and known.ref = given.ref and known.rule = given.rule
    """
    rows = {
        (hour, what): {
            "hour": hour,
            "purpose": what.purpose.value,
            "ref": what.ref,
            "rule": what.rule.value,
            "count": times.count,
            "last_at": times.last_at,
        }
        for hour, what, times in refused
    }
    found = await tx.all(query, rows=Jsonb(list(rows.values()), dumps=orjson.dumps))
    tenant = refused[0][1].tenant
    first = [(row.hour, Refused(tenant, Purpose(row.purpose), row.ref, Rule(row.rule))) for row in found]
    others = [row for key, row in rows.items() if key not in set(first)]
    if others:
        await tx.run(added, rows=Jsonb(others, dumps=orjson.dumps))
    return first


async def take_refused(tx: Transaction, before: datetime) -> list[tuple[datetime, Refused, int, datetime]]:
    """Remove the counters of hours that began before ``before``; return those that counted something, in order."""
    query = """
        with taken as (
          delete from egress_refused where tenant = %(tenant)s and hour < %(before)s
          returning hour, purpose, ref, rule, count, last_at
        )
        select * from taken where count > 0 order by hour, purpose, ref, rule
    """
    return [
        (row.hour, Refused(tx.tenant, Purpose(row.purpose), row.ref, Rule(row.rule)), row.count, row.last_at)
        for row in await tx.all(query, before=before)
    ]


async def tenants_with_refused(db: Database, before: datetime) -> list[TenantId]:
    """Return who has counters of hours that began before ``before``."""
    rows = await db.look_up("select lookup_egress_refused(%(before)s) as tenant", before=before)
    return [TenantId(row.tenant) for row in rows]


async def opened(tx: Transaction) -> list[Counted]:
    """Return this tenant's connections so far."""
    query = """
        select purpose, destination, count, first_at, last_at from egress_opened
        where tenant = %(tenant)s order by purpose, destination
    """
    return [
        Counted(Purpose(row.purpose), row.destination, Times(row.count, row.first_at, row.last_at))
        for row in await tx.all(query)
    ]
