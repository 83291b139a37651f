"""The SQL of exports: destinations, how far they are, what they would not take."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from gatepost.db import Database, Transaction
from gatepost.ids import ExportId, LeafIndex, TenantId
from gatepost.keys import Vault
from gatepost.upkeep.siem.paper import Destination, Format, Kind, Letter, Place, Run, Status

REST_MAX = timedelta(hours=2)
"""Longer than any rest: a receiver may ask for an hour. Who rests longer has been told so by a clock that was ahead."""


@dataclass(frozen=True, slots=True)
class Due:
    """A destination with something to do, and the number of its newest turn."""

    tenant: TenantId
    id: ExportId
    turn: int


async def due(db: Database, at: datetime) -> list[Due]:
    """Return which destinations have something to do."""
    rows = await db.look_up("select * from lookup_exports_due(%(at)s, %(beyond)s)", at=at, beyond=at + REST_MAX)
    return [Due(TenantId(row.tenant), ExportId(row.id), row.turn) for row in rows]


async def count(tx: Transaction) -> int:
    """Return how many destinations the tenant has."""
    query = "select count(*) as count from export_destination where tenant = %(tenant)s"
    return int((await tx.one(query)).count)


async def insert(tx: Transaction, made: Destination, next_index: int) -> None:
    """Store a new destination, due at once."""
    query = """
        insert into export_destination (tenant, id, kind, format, is_personal, sealed, created_at, next_index, due_at)
        values (%(tenant)s, %(id)s, %(kind)s, %(format)s, %(is_personal)s, %(sealed)s, %(at)s, %(next_index)s, %(at)s)
    """
    await tx.run(
        query,
        id=made.id,
        kind=made.kind.value,
        format=made.format.value,
        is_personal=made.is_personal,
        sealed=_sealed(tx.vault, made),
        at=made.created_at,
        next_index=next_index,
    )


async def change(tx: Transaction, made: Destination, at: datetime) -> None:
    """Put another place or format in force; it goes on at once, and the turn under way is over."""
    query = """
        update export_destination set format = %(format)s, is_personal = %(is_personal)s, sealed = %(sealed)s,
          is_stopped = false, reason = '', alert = '', failures = 0, due_at = %(at)s, ahead = '[]', turn = turn + 1,
          tolerated_to = 0
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(
        query,
        id=made.id,
        format=made.format.value,
        is_personal=made.is_personal,
        sealed=_sealed(tx.vault, made),
        at=at,
    )


async def delete(tx: Transaction, identifier: ExportId) -> bool:
    """Forget a destination with its letters; False where there is none."""
    await tx.run("delete from export_letter where tenant = %(tenant)s and destination = %(id)s", id=identifier)
    query = "delete from export_destination where tenant = %(tenant)s and id = %(id)s"
    return await tx.run(query, id=identifier) > 0


async def claim(tx: Transaction, identifier: ExportId, at: datetime, until: datetime) -> Status | None:
    """Begin a turn, with the right to it until then; None where somebody else has it or the destination has stopped."""
    query = """
        update export_destination set due_at = %(until)s, turn = turn + 1
        where tenant = %(tenant)s and id = %(id)s and (due_at <= %(at)s or due_at > %(beyond)s) and not is_stopped
    """
    claimed = await tx.run(query, id=identifier, at=at, beyond=at + REST_MAX, until=until)
    return await status(tx, identifier) if claimed else None


async def renew(tx: Transaction, identifier: ExportId, turn: int, until: datetime, ahead: Sequence[Run]) -> bool:
    """Keep the right for longer, and remember what was sent beyond the cursor; False where the turn is over."""
    query = """
        update export_destination set due_at = %(until)s, ahead = %(ahead)s
        where tenant = %(tenant)s and id = %(id)s and turn = %(turn)s
    """
    return await tx.run(query, id=identifier, turn=turn, until=until, ahead=Jsonb(list(ahead))) > 0


async def holds(tx: Transaction, identifier: ExportId, turn: int) -> bool:
    """Tell whether a turn is still the newest; it stays so until the transaction ends."""
    query = """
        select turn from export_destination
        where tenant = %(tenant)s and id = %(id)s and turn = %(turn)s for update
    """
    return await tx.maybe(query, id=identifier, turn=turn) is not None


async def statuses(tx: Transaction) -> list[Status]:
    """Return every destination, oldest first."""
    query = "select id from export_destination where tenant = %(tenant)s order by created_at, id"
    found = [await status(tx, ExportId(row.id)) for row in await tx.all(query)]
    return [each for each in found if each is not None]


async def status(tx: Transaction, identifier: ExportId) -> Status | None:
    """Return how far a destination is; None where there is none."""
    query = """
        select *, (select count(*) from export_letter as letter
            where letter.tenant = %(tenant)s and letter.destination = %(id)s) as letters,
          (select coalesce(max(size), 0) from checkpoint where tenant = %(tenant)s) as log_size
        from export_destination where tenant = %(tenant)s and id = %(id)s
    """
    row = await tx.maybe(query, id=identifier)
    return None if row is None else _status(tx.vault, row)


async def advance(
    tx: Transaction, identifier: ExportId, *, after: int, dead: Mapping[LeafIndex, str], at: datetime
) -> None:
    """Move the cursor, with what was refused on the way."""
    query = """
        update export_destination set next_index = %(after)s, exported_at = %(at)s, failures = 0, reason = ''
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(query, id=identifier, after=after, at=at)
    await add_letters(tx, identifier, dead, at)


async def warn(tx: Transaction, identifier: ExportId, alert: str, rejected: int) -> None:
    """Remember why somebody should look, and how many more were refused without being named."""
    query = """
        update export_destination set alert = %(alert)s, rejected = rejected + %(rejected)s
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(query, id=identifier, alert=alert, rejected=rejected)


async def add_letters(tx: Transaction, identifier: ExportId, dead: Mapping[LeafIndex, str], at: datetime) -> None:
    """Remember what would not be taken; the latest reason stays."""
    query = """
        insert into export_letter (tenant, destination, leaf_index, reason, at)
        select %(tenant)s, %(id)s, given.leaf_index, given.reason, %(at)s
        from unnest(%(places)s::bigint[], %(reasons)s::text[]) as given (leaf_index, reason)
        on conflict (tenant, destination, leaf_index)
        do update set reason = excluded.reason, at = excluded.at, is_due = false
    """
    if dead:
        await tx.run(query, id=identifier, places=list(dead), reasons=list(dead.values()), at=at)


async def rest(
    tx: Transaction, identifier: ExportId, *, until: datetime, reason: str, failures: int, ahead: Sequence[Run]
) -> None:
    """Pause until then; what was sent beyond the cursor is sent again, but for what ``ahead`` says is confirmed."""
    query = """
        update export_destination
        set due_at = %(until)s, reason = %(reason)s, failures = %(failures)s, ahead = %(ahead)s
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(query, id=identifier, until=until, reason=reason, failures=failures, ahead=Jsonb(list(ahead)))


async def stop(tx: Transaction, identifier: ExportId, reason: str) -> None:
    """Send nothing more until a person has acted."""
    query = """
        update export_destination set is_stopped = true, reason = %(reason)s, ahead = '[]'
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(query, id=identifier, reason=reason)


async def resume(tx: Transaction, identifier: ExportId, at: datetime) -> None:
    """Go on at once, with nothing held against it."""
    query = """
        update export_destination set is_stopped = false, reason = '', alert = '', failures = 0, due_at = %(at)s
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(query, id=identifier, at=at)


async def tolerate(tx: Transaction, identifier: ExportId, until: int) -> None:
    """Let refusals of places below that stop it no more."""
    query = """
        update export_destination set tolerated_to = %(until)s where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(query, id=identifier, until=until)


async def rewind(tx: Transaction, identifier: ExportId, next_index: int) -> None:
    """Export again from there; the turn under way is over."""
    query = """
        update export_destination set next_index = least(next_index, %(next_index)s), ahead = '[]', turn = turn + 1,
          tolerated_to = 0
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(query, id=identifier, next_index=next_index)


async def letters(tx: Transaction, identifier: ExportId, *, limit: int, is_due: bool = False) -> list[Letter]:
    """Return what the destination would not take, lowest index first; only what is to be tried again, if wished."""
    query = """
        select leaf_index, reason, at, is_due from export_letter
        where tenant = %(tenant)s and destination = %(id)s and (is_due or not %(is_due)s)
        order by leaf_index limit %(limit)s
    """
    rows = await tx.all(query, id=identifier, limit=limit, is_due=is_due)
    return [Letter(LeafIndex(row.leaf_index), row.reason, row.at, row.is_due) for row in rows]


async def count_letters(tx: Transaction, identifier: ExportId, start: int, end: int) -> int:
    """Return how many of the places from ``start`` to before ``end`` the destination would not take."""
    query = """
        select count(*) as count from export_letter
        where tenant = %(tenant)s and destination = %(id)s and leaf_index >= %(start)s and leaf_index < %(end)s
    """
    return int((await tx.one(query, id=identifier, start=start, end=end)).count)


async def mark_letters(tx: Transaction, identifier: ExportId) -> int:
    """Have all letters tried again; return how many."""
    query = "update export_letter set is_due = true where tenant = %(tenant)s and destination = %(id)s"
    return await tx.run(query, id=identifier)


async def remove_letters(tx: Transaction, identifier: ExportId, taken: Sequence[LeafIndex]) -> None:
    """Forget letters that were taken after all."""
    query = """
        delete from export_letter
        where tenant = %(tenant)s and destination = %(id)s and leaf_index = any(%(taken)s::bigint[])
    """
    await tx.run(query, id=identifier, taken=list(taken))


def _sealed(vault: Vault, made: Destination) -> bytes:
    octets = orjson.dumps({**asdict(made.place), "wants_ack": made.wants_ack})
    return vault.seal_lasting(f"export/{made.id}", octets)


def _status(vault: Vault, row: Any) -> Status:
    opened = orjson.loads(vault.open(f"export/{row.id}", bytes(row.sealed)))
    wants_ack = opened.pop("wants_ack")
    made = Destination(
        id=ExportId(row.id),
        kind=Kind(row.kind),
        format=Format(row.format),
        is_personal=row.is_personal,
        wants_ack=wants_ack,
        place=Place(**opened),
        created_at=row.created_at,
    )
    return Status(
        destination=made,
        next_index=row.next_index,
        log_size=row.log_size,
        exported_at=row.exported_at,
        is_stopped=row.is_stopped,
        reason=row.reason,
        alert=row.alert,
        failures=row.failures,
        rejected=row.rejected,
        letters=row.letters,
        ahead=tuple(Run(*each) for each in row.ahead),
        turn=row.turn,
        tolerated_to=row.tolerated_to,
    )
