"""The SQL of amounts: what the calls of a tool that ran, or may have run, amount to together."""

from datetime import datetime, timedelta

from gatepost.act.hosted.paper import Spent, Turn
from gatepost.db import Transaction

DAY = timedelta(days=1)


async def spent(tx: Transaction, turn: Turn, tool: str, at: datetime) -> Spent:
    """Return it for an account's agent; exact for who holds the tenant's lock (``store.lock_hosting``)."""
    query = (
        "select"
        " coalesce(sum(amount) filter (where turn.id = %(turn)s), 0) as turn,"
        " coalesce(sum(amount) filter (where turn.thread = %(thread)s), 0) as thread,"
        " coalesce(sum(amount) filter (where turn.sender = %(sender)s and turn_step.at > %(since)s), 0) as sender,"
        " coalesce(sum(amount) filter (where turn_step.at > %(since)s), 0) as day"
        " from turn_step join turn on turn.tenant = %(tenant)s and turn.id = turn_step.turn"
        " where turn_step.tenant = %(tenant)s and turn_step.tool = %(tool)s and amount > 0 and account = %(account)s"
        " and turn_step.state in ('begun', 'done', 'failed')"
        " and (turn_step.at > %(since)s or turn.id = %(turn)s or turn.thread = %(thread)s)"
    )
    row = await tx.one(
        query, turn=turn.id, thread=turn.thread, sender=turn.sender, account=turn.account, tool=tool, since=at - DAY
    )
    return Spent(turn=row.turn, thread=row.thread, sender=row.sender, day=row.day)
