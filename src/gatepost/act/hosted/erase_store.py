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
    """Remove these messages' turns, their steps, and what their model calls cost; return how many turns."""
    steps = """
        delete from turn_step using turn
        where turn_step.tenant = %(tenant)s and turn.tenant = %(tenant)s and turn_step.turn = turn.id
          and turn.email = any(%(emails)s)
    """
    calls = """
        delete from model_call using turn
        where model_call.tenant = %(tenant)s and turn.tenant = %(tenant)s and model_call.turn = turn.id
          and turn.email = any(%(emails)s)
    """
    for query in (steps, calls):
        await tx.run(query, emails=texts(emails))
    return await tx.run("delete from turn where tenant = %(tenant)s and email = any(%(emails)s)", emails=texts(emails))
