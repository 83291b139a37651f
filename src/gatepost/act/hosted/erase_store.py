"""The SQL of forgetting turns, for the keeper's role alone; only in a transaction that says so in the record."""

from collections.abc import Sequence

from gatepost.db import Transaction
from gatepost.db.column import octets, texts
from gatepost.ids import EmailId


async def emails_of(tx: Transaction, keys: Sequence[bytes]) -> list[EmailId]:
    """Return the messages whose turns are sealed under these persons' keys; it walks through all turns."""
    query = "select email from turn where tenant = %(tenant)s and substring(sealed from 10 for 8) = any(%(keys)s)"
    return [EmailId(row.email) for row in await tx.all(query, keys=octets(keys))]


async def forget(tx: Transaction, emails: Sequence[EmailId]) -> int:
    """Remove these messages' turns, their steps, and what their model calls cost; return how many turns.

    The turns first: a worker that writes a step holds its turn until it commits, and whoever comes later finds no turn
    to write one for (``put_step``), so that no step stays behind.
    """
    query = "delete from turn where tenant = %(tenant)s and email = any(%(emails)s) returning id"
    gone = [row.id for row in await tx.all(query, emails=texts(emails))]
    for rows in (
        "delete from turn_step where tenant = %(tenant)s and turn = any(%(turns)s)",
        "delete from model_call where tenant = %(tenant)s and turn = any(%(turns)s)",
    ):
        await tx.run(rows, turns=texts(gone))
    return len(gone)
